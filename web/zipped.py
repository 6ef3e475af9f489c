"""The files of a piece of work as one zip, made while it is sent: nothing of it lies on the disk in clear."""

import io
import zipfile
from collections.abc import Iterator

from web.files import SealedFiles
from web.job_process import file_name
from web.job_queue import Job


class _Out(io.RawIOBase):
    """Takes what is written, and gives it away."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held


def zipped(files: SealedFiles, job: Job) -> Iterator[bytes]:
    """The zip in pieces; the files are stored as they are, under the names that they have in the work's folder."""
    out = _Out()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for place, one in enumerate(job.files):
            info = zipfile.ZipInfo(one.name)
            info.file_size = one.size
            with archive.open(info, "w") as member:
                for piece in files.read(file_name(job.id, place)):
                    member.write(piece)
                    yield out.taken()
    yield out.taken()
