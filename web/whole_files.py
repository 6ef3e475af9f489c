"""Files that come whole with a form (rosters, templates): sealed at once, and from then on uploads like any other."""

import io
import secrets
import shutil
import tempfile
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, insert, select
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from archive.journal import CHINA
from web import database
from web.asked import Asked
from web.errors import BadForm, NotFound, TooLarge
from web.uploads import MOST_OPEN, require_space, safe_name

MOST_FILES = 20
FORM = "form-"  # what the numbers of such uploads begin with: they are no scans that wait to be taken in
UPLOAD = database.upload


async def files_of(asked: Asked, most_bytes: int) -> list[tuple[str, bytes]]:
    """Names and contents of the files of a form that is sent with X-CSRF-Token (a raw page), none of them empty.

    They never lie on the disk in clear. Raises TooLarge, BadForm.
    """

    async def limited() -> AsyncGenerator[bytes, None]:
        got = 0
        async for part in asked.request.stream():
            got += len(part)
            if got > most_bytes:
                raise TooLarge()
            yield part

    if not asked.request.headers.get("Content-Type", "").startswith("multipart/form-data"):
        raise BadForm(detail="请先选文件。")
    parser = MultiPartParser(asked.request.headers, limited(), max_files=MOST_FILES, max_fields=20)
    parser.spool_max_size = most_bytes
    try:
        form = await parser.parse()
    except MultiPartException:
        raise BadForm(detail=f"文件没有传完整，或者一次多于 {MOST_FILES} 个。请再传一次。") from None
    found = []
    for one in form.getlist("file"):
        if isinstance(one, UploadFile) and one.filename:
            found.append((safe_name(one.filename), await one.read()))
    if not found:
        raise BadForm(detail="请先选文件。")
    return found


async def kept(asked: Asked, files: Sequence[tuple[str, bytes]]) -> list[str]:
    """The numbers of the uploads that files are from now on."""
    return [await run_in_threadpool(keep, asked, name, content) for name, content in files]


def keep(asked: Asked, name: str, content: bytes) -> str:
    """The number of the upload that a file is from now on. Raises DiskNearlyFull, BadForm where too many wait."""
    mine = (UPLOAD.c.account_id == asked.viewer.account, UPLOAD.c.job.is_(None))
    with asked.desk.database.reading() as connection:
        waiting = connection.execute(select(func.count()).where(*mine)).scalar_one()
    if waiting >= MOST_OPEN:
        raise BadForm(detail=f"已经传了 {MOST_OPEN} 个文件还没有用，请先用掉，或者过几天再传。")
    require_space(asked, len(content))
    number = FORM + secrets.token_hex(16)
    with asked.desk.database.writing() as connection:  # around both: a file of no upload is removed (jobs.py)
        asked.desk.files.write(number, io.BytesIO(content), len(content))
        connection.execute(
            insert(UPLOAD).values(
                id=number,
                account_id=asked.viewer.account,
                name=name,
                size=len(content),
                got=len(content),
                made_at=datetime.now(CHINA).isoformat(),
            )
        )
    return number


def name_of(asked: Asked, upload: str) -> str:
    """The name of one's own whole upload. Raises NotFound for any other, and for one that work was given."""
    mine = (
        UPLOAD.c.account_id == asked.viewer.account,
        UPLOAD.c.job.is_(None),
        UPLOAD.c.got == UPLOAD.c.size,
    )
    with asked.desk.database.reading() as connection:
        row = connection.execute(select(UPLOAD.c.name).where(UPLOAD.c.id == upload, *mine)).first()
    if row is None:
        raise NotFound()
    return str(row.name)


def content_of(asked: Asked, upload: str) -> bytes:
    """What is in one's own upload. Raises NotFound."""
    name_of(asked, upload)
    return b"".join(asked.desk.files.read(upload))


@contextmanager
def unsealed(asked: Asked, uploads: Sequence[str]) -> Iterator[list[Path]]:
    """One's own uploads in a folder that goes afterwards, each in one of its own under its name. Raises NotFound."""
    with scratch(asked) as folder:
        paths = []
        for upload in uploads:
            path = folder / upload / name_of(asked, upload)
            path.parent.mkdir()
            with path.open("wb") as file:
                for piece in asked.desk.files.read(upload):
                    file.write(piece)
            paths.append(path)
        yield paths


@contextmanager
def scratch(asked: Asked) -> Iterator[Path]:
    """A folder of the desk's own, where nobody else reads, that goes afterwards."""
    place = asked.desk.home.folder / "desk" / "work"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="page-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
