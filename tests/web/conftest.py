"""What tests of the desk share: an archive with accounts of every role, browsers that are logged in, a real server."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from archive.home import open_home
from tests.conftest import HUYUE, Town
from web import accounts
from web.app import make_app
from web.database import desk_key, open_database
from web.desk import Desk
from web.files import SealedFiles
from web.jobs import Jobs
from web.roles import Role

DAY = date(2026, 4, 5)
PASSWORD = "correct horse battery"  # noqa: S105
ADDRESS = "http://127.0.0.1"
REAL_HASHER = accounts._HASHER
CSRF = re.compile(r'"X-CSRF-Token": "([^"]+)"')


class Browser:
    """A client that is logged in (not a real browser: it runs no scripts)."""

    def __init__(self, office: "Office", name: str) -> None:
        self.http = TestClient(office.app, base_url=ADDRESS, follow_redirects=False)
        if name:
            answer = self.http.post("/login", data={"name": name, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
        self.csrf = ""

    def get(self, path: str, **more: str) -> "Answered":
        answer = self.http.get(path, headers=more)
        for _ in range(20):  # as the page does by itself while its figures are worked out
            if "正在计算" not in answer.text:
                break
            answer = self.http.get(path, headers=more)
        found = CSRF.search(answer.text) if "text/html" in answer.headers.get("content-type", "") else None
        if found:
            self.csrf = found[1]
        return Answered(answer.status_code, answer.text, answer.content, dict(answer.headers))

    def post(self, path: str, data: Mapping[str, object] | None = None, **more: str) -> "Answered":
        """Send a form, as its page would; htmx-like headers may be given."""
        if not self.csrf:
            self.get("/account")
        answer = self.http.post(path, data={"csrf": self.csrf, **(data or {})}, headers=more)
        return Answered(answer.status_code, answer.text, answer.content, dict(answer.headers))


@dataclass(frozen=True)
class Answered:
    status: int
    text: str
    content: bytes
    headers: dict[str, str]


class Office:
    """An archive's desk with accounts: 管理员甲, 档案员甲, 负责人甲, 检查甲, and a clerk of each of two villages."""

    def __init__(self, folder: Path) -> None:
        self.home = open_home(folder, None)
        self.desk = Desk(
            self.home,
            open_database(self.home),
            SealedFiles(folder / "desk" / "files", desk_key(self.home, "files")),
            DAY,
        )
        self.jobs = Jobs(self.desk)
        self.app = make_app(self.desk, self.jobs, frozenset({"127.0.0.1"}))

    def add(self, name: str, role: Role, *villages: str, temporary: bool = False) -> int:
        with self.desk.database.writing() as connection:
            return accounts.add(connection, name, role, villages, PASSWORD, temporary=temporary)

    def browser(self, name: str = "") -> Browser:
        return Browser(self, name)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Accounts of tests have their passwords hashed in no time; six real ones take a second and a half."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session")
def town(town: Town) -> Town:
    """The town with its archive as it was printed, whatever other tests of the same process took into it."""
    return replace(town, home=town.kept)


@pytest.fixture(scope="session")
def villages(town: Town) -> list[str]:
    """The codes of the town's villages."""
    return [batch.name for batch in town.batches()]


@pytest.fixture
def office(town: Town, villages: list[str], tmp_path: Path) -> Office:
    """A desk of its own over a copy of the town's archive."""
    folder = tmp_path / "档案库"
    shutil.copytree(town.home, folder)
    shutil.copy(town.home.with_name(town.home.name + ".key"), tmp_path / "档案库.key")
    made = Office(folder)
    made.add("管理员甲", Role.ADMINISTRATOR)
    made.add("档案员甲", Role.ARCHIVIST)
    made.add("负责人甲", Role.MANAGER)
    made.add("检查甲", Role.AUDITOR)
    made.add("经办人甲", Role.CLERK, villages[0])
    made.add("经办人乙", Role.CLERK, villages[1])
    return made


@pytest.fixture
def work_done(office: Office) -> Callable[[], None]:
    """Does all that is queued, here and now."""

    def do() -> None:
        while (job := office.jobs.next()) is not None:
            office.jobs.do(job)

    return do


@dataclass(frozen=True)
class Served:
    """A real `huyue serve` over an office's archive."""

    office: Office
    address: str


@pytest.fixture
def served(office: Office) -> Iterator[Served]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUYUE_")}
    process = subprocess.Popen(
        [HUYUE, "--home", office.home.folder, "--today", str(DAY), "serve", "--port", "0"],
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=environment | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stderr is not None
    said = process.stderr.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+", said)
    assert found, said + process.stderr.read()
    log = subprocess.Popen(
        ["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL
    )  # so that its pipe is never full
    try:
        yield Served(office, found[0])
    finally:
        process.terminate()
        process.wait(30)
        log.wait(30)


def chromium() -> list[str]:
    """How Chromium is started: without a window, and without asking anything of the network."""
    switches = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    switches += ["--disable-component-update", "--disable-sync"]
    return [*switches, "--no-sandbox"] if sys.platform == "linux" and os.getuid() == 0 else switches
