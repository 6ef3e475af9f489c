"""Uploads that go on after a break: the tus protocol 1.0 (core, creation, termination), a piece a request.

A PATCH carries one piece (archive/pieces.py), the last perhaps less; half a piece of a broken-off request is not kept,
and the browser goes on from what HEAD says. https://tus.io/protocols/resumable-upload
"""

import base64
import binascii
import re
import secrets
import shutil
from datetime import datetime

from sqlalchemy import Row, delete, insert, select, update
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from archive.journal import CHINA
from archive.pieces import PIECE
from web import database
from web.asked import Asked, raw_page
from web.errors import BadForm, DiskNearlyFull, NotFound, TooLarge
from web.roles import Permission

VERSION = "1.0.0"
MOST = 8 << 30  # bytes of a file
LEFT = 2 << 30  # bytes that must be left on the disk
MOST_OPEN = 200  # uploads of one account that nothing was made of yet
LONGEST_NAME = 120  # characters
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")
_BAD = re.compile('[\x00-\x1f\x7f-\x9f<>:"/\\\\|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]')


def safe_name(written: str) -> str:
    """A file's name without what leads out of a folder, is reserved somewhere, or is shown otherwise than it is."""
    name = _BAD.sub("_", re.split(r"[/\\]", written)[-1]).strip(" .")
    if not name or _RESERVED.fullmatch(name):
        name = f"_{name}"
    stem, dot, ending = name.rpartition(".")
    if len(name) > LONGEST_NAME:
        name = (
            f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}"
            if dot and len(ending) < 10
            else name[:LONGEST_NAME]
        )
    return name


def require_space(asked: Asked, size: int) -> None:
    """Raises DiskNearlyFull where so many bytes more would leave less than LEFT."""
    if shutil.disk_usage(asked.desk.home.folder).free - size < LEFT:
        raise DiskNearlyFull()


@raw_page("/uploads", Permission.TAKE_IN, ("POST",))
async def begin(asked: Asked) -> Response:
    """A new upload of Upload-Length bytes, its name in Upload-Metadata; where it is to be sent is in Location."""
    size = _header_number(asked, "Upload-Length")
    name = safe_name(_metadata(asked.request.headers.get("Upload-Metadata", "")).get("filename", ""))
    number = await run_in_threadpool(_begun, asked, name, size)
    return _answer(201, Location=f"/uploads/{number}")


@raw_page("/uploads/{upload}", Permission.TAKE_IN, ("HEAD",))
async def progress(asked: Asked) -> Response:
    """How much of it is here."""
    row = await run_in_threadpool(_find, asked)
    return _answer(200, **{"Upload-Offset": str(row.got), "Upload-Length": str(row.size)})


@raw_page("/uploads/{upload}", Permission.TAKE_IN, ("PATCH",))
async def piece(asked: Asked) -> Response:
    """The next piece. 409 where it is not the next."""
    row = await run_in_threadpool(_find, asked)
    if _header_number(asked, "Upload-Offset") != row.got:
        return _answer(409)
    expected = min(PIECE, row.size - row.got)
    read = bytearray()
    try:
        async for part in asked.request.stream():
            read += part
            if len(read) > expected:
                raise TooLarge()
    except ClientDisconnect:
        return _answer(400)
    if len(read) != expected:
        raise BadForm(detail="这一段没有传完，接着传就好。")
    got = await run_in_threadpool(_kept, asked, row, bytes(read))
    return _answer(204, **{"Upload-Offset": str(got)})


@raw_page("/uploads/{upload}", Permission.TAKE_IN, ("DELETE",))
async def forget(asked: Asked) -> Response:
    """No more of it."""
    await run_in_threadpool(_forgotten, asked)
    return _answer(204)


def _begun(asked: Asked, name: str, size: int) -> str:
    table = database.upload
    if size > MOST:
        raise TooLarge()
    require_space(asked, size)
    number = secrets.token_hex(16)
    with asked.desk.database.writing() as connection:
        mine = (table.c.account_id == asked.viewer.account, table.c.job.is_(None))
        if len(connection.execute(select(table.c.id).where(*mine)).all()) >= MOST_OPEN:
            raise BadForm(detail=f"已经传了 {MOST_OPEN} 个文件还没有归档，请先归档。")
        connection.execute(
            insert(table).values(
                id=number,
                account_id=asked.viewer.account,
                name=name,
                size=size,
                got=0,
                made_at=datetime.now(CHINA).isoformat(),
            )
        )
    if size == 0:
        asked.desk.files.append(number, 0, b"", last=True)
    return number


def _find(asked: Asked) -> Row[tuple[object, ...]]:
    table = database.upload
    mine = (table.c.account_id == asked.viewer.account, table.c.job.is_(None))
    with asked.desk.database.reading() as connection:
        row = connection.execute(select(table).where(table.c.id == asked.path("upload"), *mine)).first()
    if row is None:
        raise NotFound()
    return row


def _kept(asked: Asked, row: Row[tuple[object, ...]], read: bytes) -> int:
    require_space(asked, len(read))  # others' files may have come meanwhile
    table, got = database.upload, row.got + len(read)
    with asked.desk.database.writing() as connection:
        held = (table.c.id == row.id, table.c.got == row.got)  # not by another request meanwhile
        if connection.execute(update(table).where(*held).values(got=got)).rowcount != 1:
            raise BadForm(detail="这个文件正在从另一个窗口上传。")
        asked.desk.files.append(row.id, row.got // PIECE, read, last=got == row.size)
    return int(got)


def _forgotten(asked: Asked) -> None:
    row = _find(asked)
    with asked.desk.database.writing() as connection:
        table = database.upload
        mine = (table.c.id == row.id, table.c.job.is_(None))  # not given to a job meanwhile
        if connection.execute(delete(table).where(*mine)).rowcount != 1:
            raise NotFound()
    asked.desk.files.remove(row.id)


def _header_number(asked: Asked, name: str) -> int:
    written = asked.request.headers.get(name, "")
    if not (written.isascii() and written.isdigit() and len(written) < 15):
        raise BadForm(detail="上传的请求不完整，请刷新页面再试一次。")
    return int(written)


def _metadata(written: str) -> dict[str, str]:
    """`filename d29ybGQucGRm,more …`: what follows a key is base64."""
    found: dict[str, str] = {}
    for pair in written.split(","):
        key, _, value = pair.strip().partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise BadForm(detail="文件名读不出来，请换一个名字再传。") from None
    return found


def _answer(status: int, **headers: str) -> Response:
    return Response(status_code=status, headers={"Tus-Resumable": VERSION, **headers})
