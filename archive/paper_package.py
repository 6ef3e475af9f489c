"""Packages that `export` made (package.py), read to be taken in: every paper with what is known of it, or why not.

A paper of a package becomes a paper filed by hand: an old contract under the number that it has there. What this
archive knows already is told by its number and SHA-256.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, insert, select

from archive.bag import Payload
from archive.catalogue import tables
from archive.catalogue.shelf_tables import disposal, disposal_item, paper, paper_file
from archive.errors import PackageFaulty
from archive.numbers import parse
from archive.package import RETENTION
from archive.package_lists import LACKING, PAPERS
from archive.paper_words import has_identity
from archive.papers import Description, Kind
from archive.retention import destroyed_papers

LIST, LIST_LIMIT = "目录.json", 512 << 20  # bytes
TITLE_LENGTH = 200  # characters of a title or a name
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # in no name of anything
CHUNK = 500  # numbers in one IN list
_KEPT = {text: code for code, text in RETENTION.items()}
_WANTED = ("contract", "title", "village", "village_code", "party", "sha256")
# What is noted of a paper beside its description, as it was where it comes from.
_NOTED = {
    "archival_number": "原档号",
    "filed_on": "原归档日期",
    "filed_by": "原归档人",
    "version": "原版次",
    "sheets": "页数",
    "template_version": "模板版本",
    "state": "原状态",
    "lacking": "不齐全",
}
_TOWN = re.compile(r"(.+?(?:镇|街道|乡))(.+)")


class Refusal(StrEnum):
    """Why a paper of a package is not taken in, beside what a file may be refused for."""

    DESCRIBED = "described"
    TWICE = "twice"
    ABSENT = "absent"
    CHANGED = "changed"
    UNLISTED = "unlisted"
    DESTROYED = "destroyed"


REFUSED = {
    Refusal.DESCRIBED: f"{LIST} 里写的不全、不对，或者题名、当事人里有身份证号",
    Refusal.TWICE: f"{LIST} 里这个编号写了两次，收的是前面一份",
    Refusal.ABSENT: "包里没有这份文件",
    Refusal.CHANGED: f"内容和 {LIST} 里登记的 SHA-256 不同",
    Refusal.UNLISTED: f"{LIST} 里没有写这份文件",
    Refusal.DESTROYED: "这里有过，已经鉴定销毁",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper of a package that can be taken in; `village` is its village's name with the town's."""

    number: str
    file: str
    payload: Payload
    about: Description
    village: str
    note: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A paper of a package that is not taken in: its number as it is written there, its file, why."""

    number: str
    file: str
    code: str
    message: str


def listed(files: Mapping[str, Payload]) -> list[Entry | Refused]:
    """The papers of a package, in its order, then those that it does not list. Raises PackageFaulty, OSError."""
    found: list[Entry | Refused] = []
    seen: set[str] = set()
    for said in _said(files):
        number = said.get("contract", "")
        file = f"{PAPERS}/{number}.pdf"
        what = Refusal.TWICE if file in seen else _entry(said, file, files)
        found.append(refused(number, file, what) if isinstance(what, Refusal) else what)
        seen.add(file)
    for file in sorted(files):
        if file.startswith(f"{PAPERS}/") and file not in seen:
            found.append(refused("", file, Refusal.UNLISTED))
    return found


def _said(files: Mapping[str, Payload]) -> list[dict[str, str]]:
    if LIST not in files:
        raise PackageFaulty(file="data", detail=f"没有 {LIST}")
    one = files[LIST]
    if one.size > LIST_LIMIT:
        raise PackageFaulty(file=one.path, detail="太大")
    data = one.path.read_bytes()
    try:
        if hashlib.sha256(data).hexdigest() != one.sha256:
            raise ValueError
        return msgspec.json.decode(data, type=list[dict[str, str]])
    except ValueError:
        raise PackageFaulty(file=one.path, detail="读不出来") from None


def refused(number: str, file: str, why: Refusal) -> Refused:
    return Refused(number, file, str(why), REFUSED[why])


def _entry(said: Mapping[str, str], file: str, files: Mapping[str, Payload]) -> Entry | Refusal:
    about = _described(said)
    if about is None:
        return Refusal.DESCRIBED
    if file not in files:
        return Refusal.ABSENT
    payload = files[file]
    if said["sha256"] not in ("", payload.sha256):
        return Refusal.CHANGED
    lacking = "、".join(LACKING.get(gap, gap) for gap in said.get("lacking", "").split())
    told = {**said, "lacking": lacking}
    note = "；".join(f"{label} {told[key]}" for key, label in _NOTED.items() if told.get(key))
    return Entry(about.own_number, file, payload, about, said["village"], f"移交包导入：{note}")


def _described(said: Mapping[str, str]) -> Description | None:
    """What a package says of a paper, None where that is not whole or not right."""
    texts = [said.get(key, "") for key in ("title", "party", "responsible", "household", "village")]
    number = parse(said.get("contract", ""))
    try:
        starts, ends = (
            said.get(key, "") and date.fromisoformat(said[key]).isoformat() for key in ("starts", "ends")
        )
        group = int(said.get("group") or 0)
    except ValueError:
        return None
    retention = _KEPT.get(said.get("retention", ""))
    if (
        retention is None
        or number is None
        or str(number) != said["contract"]
        or not all(key in said for key in _WANTED)
        or not said["title"].strip()
        or not said["village"].strip()
        or not re.fullmatch(r"[0-9]{12}", said["village_code"])
        or not 0 <= group < 10_000
        or any(len(text) > TITLE_LENGTH or has_identity(text) or CONTROL.search(text) for text in texts)
    ):
        return None
    return Description(
        Kind.CONTRACT,
        said["title"],
        said["village_code"],
        own_number=said["contract"],
        day=starts,
        ends=ends or None,
        group_no=group or None,
        household_number=said.get("household", ""),
        party=said["party"],
        responsible=said.get("responsible", ""),
        retention=retention,
    )


def known(connection: Connection, entries: Iterable[Entry]) -> dict[str, bool]:
    """Those of these papers that this archive has, filed by hand or as filings of its own contract; destroyed or not."""
    wanted = {one.number: one.payload.sha256 for one in entries}
    file, filing, numbers = paper_file.c, tables.filing.c, list(wanted)
    query = select(paper.c.own_number, file.sha256, paper.c.number).join(
        paper_file, file.paper_id == paper.c.id
    )
    gone = destroyed_papers(connection)
    rows = [(row.own_number, row.sha256, row.number in gone) for row in connection.execute(query)]
    item, done = disposal_item.c, disposal.c.destroyed_on.is_not(None)
    query = select(item.contract).join(disposal, disposal.c.id == item.disposal_id).where(done)
    destroyed = frozenset(connection.execute(query).scalars())
    for start in range(0, len(numbers), CHUNK):
        own = filing.contract.in_(numbers[start : start + CHUNK])
        for row in connection.execute(select(filing.contract, filing.sha256).where(own)):
            rows.append((row.contract, row.sha256, row.contract in destroyed))
    found: dict[str, bool] = {}
    for number, sha256, lost in rows:
        if wanted.get(number) == sha256:  # one that is there counts, whatever was destroyed beside it
            found[number] = lost and found.get(number, True)
    return found


def own_contracts(connection: Connection, numbers: Iterable[str]) -> set[str]:
    """Those of the numbers that are contracts of this archive."""
    contract = tables.contract.c.number
    return set(connection.execute(select(contract).where(contract.in_(list(numbers)))).scalars())


def new_divisions(connection: Connection, entries: Iterable[Entry]) -> dict[str, str]:
    """Names by code of the villages that the archive does not know yet, and of their towns and counties.

    A county, or a town that cannot be told, is called by its code: a package has no name of it.
    """
    table = tables.division
    names = {row.code: row.name for row in connection.execute(select(table.c.code, table.c.name))}
    found: dict[str, str] = {}
    for one in entries:
        village = one.about.division
        if village in names:
            continue
        town, own = _parted(one.village, names.get(village[:9]))
        wanted = {village[:6]: village[:6], village[:9]: town or village[:9], village: own}
        found |= {code: name for code, name in wanted.items() if code not in names}
        names |= found
    return found


def add_divisions(connection: Connection, names: Mapping[str, str]) -> None:
    """Take up divisions that the archive does not know yet."""
    if names:
        rows = [{"code": code, "name": name} for code, name in names.items()]
        connection.execute(insert(tables.division), rows)


def _parted(written: str, town: str | None) -> tuple[str, str]:
    """A town's and a village's name, of both in one; "" for a town that cannot be told."""
    if town and written.startswith(town) and written != town:
        return town, written.removeprefix(town)
    found = _TOWN.fullmatch(written)
    return (found[1], found[2]) if found and town is None else (town or "", written)
