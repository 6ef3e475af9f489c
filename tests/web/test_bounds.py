"""How much of the desk one account may take, and what a full disk or a killed server leaves."""

import asyncio
import io
import os
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from time import time
from types import SimpleNamespace

import pytest
from starlette.types import Message

from archive.pieces import PIECE
from tests.web.conftest import Office
from tests.web.test_admin import number_of
from tests.web.test_intake_pages import begun, tus
from web import accounts, uploads
from web.errors import TooManyStreams
from web.job_queue import MOST_WAITING, enqueue
from web.pages.jobs import MOST_STREAMS, _Events

DAY = 24 * 3600


def queue(office: Office, name: str) -> int:
    """Queue a piece of work of an account's; its number."""
    with office.desk.database.reading() as connection:
        viewer = office.desk.viewer(accounts.account_of(connection, number_of(office, name)))
    return enqueue(office.desk, viewer, "核对", [["verify"]])


def test_an_account_has_so_much_work_waiting_and_no_more(office: Office) -> None:
    admin = office.browser("管理员甲")
    for _ in range(MOST_WAITING):
        last = queue(office, "管理员甲")
    answer = admin.post("/admin/verify")
    assert answer.status == 429 and f"已经有 {MOST_WAITING} 件后台工作在排队" in answer.text
    queue(office, "档案员甲")  # others are not held up
    assert admin.post(f"/jobs/{last}/cancel").status == 303
    assert admin.post("/admin/verify").status == 303


def test_an_account_has_so_many_streams_open_and_no_more(office: Office) -> None:
    opened: Counter[int] = Counter()

    async def whole() -> None:
        closing, sent = asyncio.Event(), asyncio.Semaphore(0)

        async def events() -> AsyncIterator[str]:
            yield "event: progress\n\n"
            await closing.wait()

        async def receive() -> Message:
            await closing.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message.get("body"):
                sent.release()

        def one(account: int) -> asyncio.Task[None]:
            return asyncio.create_task(_Events(events(), opened, account)({"type": "http"}, receive, send))

        there = [one(1) for _ in range(MOST_STREAMS)]
        for _ in there:
            await sent.acquire()
        with pytest.raises(TooManyStreams, match="同时开着 8 个"):
            await one(1)
        other = one(2)
        await sent.acquire()
        closing.set()
        await asyncio.gather(*there, other)
        await one(1)

    asyncio.run(whole())
    assert opened == {1: 0, 2: 0}

    admin, job, streams = (
        office.browser("管理员甲"),
        queue(office, "管理员甲"),
        vars(office.app)["_app"].state.streams,
    )
    streams[number_of(office, "管理员甲")] = MOST_STREAMS
    answer = admin.get(f"/jobs/{job}/events")
    assert answer.status == 429 and "请关掉几个" in answer.text
    assert admin.post(f"/jobs/{job}/cancel").status == 303
    streams.clear()
    assert "event: ended" in admin.get(f"/jobs/{job}/events").text
    assert streams == {number_of(office, "管理员甲"): 0}


def test_an_upload_stops_before_the_disk_is_full_and_goes_on_when_there_is_space(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk, free = office.browser("经办人甲"), uploads.LEFT + 3 * PIECE
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    path, content = begun(clerk, "大.pdf", 2 * PIECE), bytes(PIECE)
    assert tus(clerk, "PATCH", path, content, **{"Upload-Offset": "0"}).status == 204
    free = uploads.LEFT + PIECE - 1
    answer = tus(clerk, "PATCH", path, content, **{"Upload-Offset": str(PIECE)})
    assert answer.status == 413 and "磁盘快满了" in answer.text and "再接着传" in answer.text
    assert tus(clerk, "HEAD", path).headers["upload-offset"] == str(PIECE)
    new = tus(clerk, "POST", "/uploads", b"", **{"Upload-Length": str(PIECE)})
    assert new.status == 413 and "磁盘快满了" in new.text
    free = uploads.LEFT + PIECE
    assert tus(clerk, "PATCH", path, content, **{"Upload-Offset": str(PIECE)}).status == 204
    assert b"".join(office.desk.files.read(path.rpartition("/")[2])) == bytes(2 * PIECE)


class Broken(io.BytesIO):
    """A source of which nothing can be read."""

    def read(self, _: int | None = -1, /) -> bytes:
        raise KeyboardInterrupt


def test_what_a_killed_server_left_half_written_goes_after_a_day(office: Office) -> None:
    files = office.desk.files
    for name in ("old", "new"):
        with pytest.raises(KeyboardInterrupt):
            files.write(name, Broken(), 1)
    old, new = files.folder / "old.part", files.folder / "new.part"
    os.utime(old, (time() - 2 * DAY,) * 2)
    assert old.exists() and new.exists()
    office.jobs.start()
    office.jobs.stop()
    assert not old.exists() and new.exists()
