"""Filing papers by hand: what a clerk says of one is checked, its files looked at and kept, its words read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from archive.catalogue import tables
from archive.file_names import readable
from archive.home import Home
from archive.journal import Actor
from archive.paper_words import has_identity, joined, parted
from archive.papers import (
    Description,
    Kind,
    NewFile,
    Paper,
    PaperFiler,
    find_paper,
    papers_with,
    subject_of,
    words_of,
)
from archive.retention import DEFAULT, destroyed_papers, retentions
from pipeline.console import progress
from pipeline.errors import (
    ContractUnknown,
    PaperDestroyed,
    PaperFaulty,
    PaperFileChanged,
    PaperFileRefused,
    PaperNotChanged,
    PaperThere,
    ScanMissing,
)
from pipeline.paper_files import READ_PAGES, REFUSED, Looked, look_at, read_pages, unread
from pipeline.paper_place import Place
from pipeline.planning import divisions_of

LENGTH = 200  # characters of a title or a name
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
NAMES = {
    "title": "题名",
    "own_number": "原编号",
    "party": "当事人",
    "responsible": "责任人",
    "household_number": "户编号",
}


@dataclass(frozen=True, slots=True)
class Given:
    """What a clerk says of a paper; None is not said, "" is nothing. `group` 0 is none; the rest as Description."""

    place: Place = field(default_factory=Place)
    kind: Kind | None = None
    title: str | None = None
    own_number: str | None = None
    day: str | None = None
    ends: str | None = None
    group: int | None = None
    household_number: str | None = None
    party: str | None = None
    responsible: str | None = None
    contract: str | None = None
    retention: str | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """A paper that was filed: how many characters are known of its files' words, how many pages are images without.

    `elsewhere` are papers of other places with the same files.
    """

    paper: Paper
    characters: int
    unread: int
    elsewhere: tuple[Paper, ...]


def file_by_hand(
    home: Home, files: Sequence[Path], given: Given, note: str, actor: Actor, *, ocr: bool
) -> Filed:
    """File the files as one paper; with `ocr` the words of images are read.

    Raises PaperFaulty, PaperFileRefused, PaperThere, PaperFileChanged, ContractUnknown, and what finding a place does.
    """
    with home.reading() as connection:
        about = described(connection, None, given, actor.today)
    looked = _looked(files)
    new = [
        NewFile(path, readable(path).name, one.sha256, one.media, one.size, one.pages)
        for path, one in zip(files, looked, strict=True)
    ]
    with home.reading() as connection:  # before words are read, which may take minutes
        _require_new(connection, about, new)
    text, unread_pages = _text(files, looked, ocr)
    words = joined(note, text)
    with home.writing() as connection:
        elsewhere = _require_new(connection, about, new)
        filer = PaperFiler(connection, home.vault(connection), actor)
        try:
            number = filer.file(about, words, new)
        except OSError as problem:
            if problem.errno is None:
                raise PaperFileChanged(file=problem.filename) from None
            raise
        filer.record("paper_add", subject_of(number), {"version": 1, "files": [one.sha256 for one in new]})
        paper = find_paper(connection, number)
    return Filed(paper, len(parted(words)[1]), unread_pages, tuple(elsewhere))


def correct(home: Home, number: int, given: Given, note: str | None, reason: str, actor: Actor) -> Paper:
    """Describe a paper anew, as a new version; its files go on.

    Raises PaperUnknown, PaperDestroyed, PaperNotChanged, and what `described` does.
    """
    with home.writing() as connection:
        old = find_paper(connection, number)
        destroyed = destroyed_papers(connection)
        if number in destroyed:
            raise PaperDestroyed(number=number, day=destroyed[number])
        about = described(connection, old.about, given, actor.today)
        if len(reason) > LENGTH or has_identity(reason):
            raise PaperFaulty(detail=f"更正的原因请写得短些（最多 {LENGTH} 个字），不要写身份证号。")
        before = words_of(connection, old)
        words = before if note is None else joined(note, parted(before)[1])
        if (about, words) == (old.about, before):
            raise PaperNotChanged(number=number)
        filer = PaperFiler(connection, home.vault(connection), actor)
        filer.correct(old, about, words, reason)
        detail = {"version": old.version + 1, "files": [one.sha256 for one in old.files]}
        filer.record("paper_correct", subject_of(number), detail)
        return find_paper(connection, number)


def described(connection: Connection, old: Description | None, given: Given, today: date) -> Description:
    """What is known of a paper: what was, where there is an `old` one, and what is given.

    A paper that belongs to a contract has its place, party and responsible person, unless others are given; an
    attachment its retention. Raises PaperFaulty, ContractUnknown, and what finding a place does.
    """
    division = given.place.find(divisions_of(connection))
    if old is None:
        if not given.kind or not given.title:
            raise PaperFaulty(detail="请写明种类（--kind）和题名（--title）。")
        base = Description(given.kind, given.title, "", retention=DEFAULT)
        if given.contract:
            base = _of_contract(connection, base, given.contract)
    else:
        base = old
    said = {one.name: getattr(given, one.name) for one in fields(given) if one.name not in ("place", "group")}
    changes = {name: _tidy(value) for name, value in said.items() if value is not None}
    for name in ("ends", "contract"):
        if name in changes:
            changes[name] = changes[name] or None
    if given.group is not None:
        changes["group_no"] = given.group or None
    if division is not None:
        changes["division"] = division
    about = replace(base, **changes)
    _require_sound(connection, about, today)
    return about


def _tidy(value: Any) -> Any:
    """A text with single spaces and nothing that steers; a kind as it is."""
    return value if isinstance(value, Kind) else " ".join(CONTROL.sub(" ", value).split())


def _of_contract(connection: Connection, base: Description, number: str) -> Description:
    contract, party = tables.contract, tables.party
    row = connection.execute(select(contract).where(contract.c.number == number)).first()
    if row is None:
        raise ContractUnknown(number=number)
    names = select(party.c.name).where(party.c.contract == number).order_by(party.c.position)
    kept = retentions(connection)[row.template_sha256] if base.kind is Kind.ATTACHMENT else base.retention
    return replace(
        base,
        division=row.village_code,
        group_no=row.group_no or None,
        household_number=row.household_number,
        party="、".join(connection.execute(names).scalars()),
        responsible=row.responsible,
        contract=number,
        retention=kept,
    )


def _require_sound(connection: Connection, about: Description, today: date) -> None:
    faults = list(_faults(about, today))
    if about.contract is not None:
        contract = tables.contract.c
        query = select(contract.village_code).where(contract.number == about.contract)
        village = connection.execute(query).scalar()
        if village is None:
            raise ContractUnknown(number=about.contract)
        if village != about.division:
            name = divisions_of(connection).full_name(village)
            faults.append(
                f"合同 {about.contract} 是{name}的，和给出的地方不同。请去掉 --village，或核对编号。"
            )
    if faults:
        raise PaperFaulty(detail="".join(faults))


def _faults(about: Description, today: date) -> Iterator[str]:
    if not about.title:
        yield "题名（--title）不能空。"
    if not about.division:
        yield "请写明是哪里的：--village 村、--town 乡镇、--county 县，或者 --contract 合同编号。"
    if about.kind is Kind.ATTACHMENT and about.contract is None:
        yield "附件要写明是哪份合同的：--contract 编号。旧合同的附件，请和旧合同一起归档成一份。"
    for name, label in NAMES.items():
        text = str(getattr(about, name))
        if len(text) > LENGTH:
            yield f"{label}太长，最多 {LENGTH} 个字。"
        if has_identity(text):
            yield f"{label}里有身份证号，会被查到、看到。请去掉。"
    if about.day > today.isoformat():
        yield f"日期 {about.day} 晚于今天（{today}）。请核对 --day。"
    if about.ends is not None and about.ends[: len(about.day)] < about.day:
        yield f"到期日 {about.ends} 早于日期 {about.day}。请核对 --ends。"


def _looked(files: Sequence[Path]) -> list[Looked]:
    for path in files:
        if not path.exists():
            raise ScanMissing(file=path)
        if path.is_dir():
            raise PaperFileRefused(file=path, detail="它是文件夹。请写里面的文件。")
    looked = list(look_at(files))
    seen: dict[str, Path] = {}
    for path, one in zip(files, looked, strict=True):
        if one.code is not None:
            raise PaperFileRefused(file=path, detail=REFUSED[one.code])
        if one.sha256 in seen:
            raise PaperFileRefused(
                file=path, detail=f"和 {readable(seen[one.sha256])} 一模一样。请去掉一个。"
            )
        seen[one.sha256] = path
    return looked


def _text(files: Sequence[Path], looked: Sequence[Looked], ocr: bool) -> tuple[str, int]:
    """The words of the files, page by page; how many pages are images whose words are not known."""
    words = {
        (path, index): text
        for path, one in zip(files, looked, strict=True)
        for index, text in enumerate(one.texts)
    }
    images = [(path, index) for path, one in zip(files, looked, strict=True) for index in unread(one)]
    wanted = images[:READ_PAGES] if ocr else []
    known = 0
    if wanted:
        with progress("识字（页）", len(wanted)) as bar:
            for page, text in zip(wanted, read_pages(wanted), strict=True):
                words[page] = text or ""
                known += text is not None
                bar.advance()
    order = {path: place for place, path in enumerate(files)}
    pages = sorted(words, key=lambda page: (order[page[0]], page[1]))
    return "\n".join(words[page] for page in pages), len(images) - known


def _require_new(connection: Connection, about: Description, new: Sequence[NewFile]) -> list[Paper]:
    """The papers of other places with one of these files. Raises PaperThere for one of this place."""
    names = {one.sha256: one.name for one in new}
    found = papers_with(connection, list(names))
    for paper in found:
        if paper.about.place == about.place:
            file = next(names[one.sha256] for one in paper.files if one.sha256 in names)
            raise PaperThere(file=file, number=paper.number, title=paper.about.title)
    return found
