"""What is said of papers filed by hand, as JSON and as lines."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from archive.archival_numbers import numbers_of_papers
from archive.package import RETENTION
from archive.papers import Paper
from archive.retention import destroyed_papers
from pipeline.divisions import Divisions
from pipeline.paper_place import place_name
from pipeline.planning import divisions_of


@dataclass(frozen=True, slots=True)
class Showing:
    """What an archive knows of papers beside themselves: archival numbers, and days of destruction (ISO), by number."""

    divisions: Divisions
    archival: Mapping[int, str]
    destroyed: Mapping[int, str]

    @classmethod
    def of(cls, connection: Connection) -> "Showing":
        """What the archive knows now."""
        return cls(divisions_of(connection), numbers_of_papers(connection), destroyed_papers(connection))

    def place(self, one: Paper) -> str:
        """Where a paper belongs, as people call it."""
        return place_name(self.divisions, one.about.division)

    def value(self, one: Paper) -> dict[str, object]:
        """A paper's JSON (docs/interfaces.md)."""
        about = one.about
        return {
            "paper": one.number,
            "version": one.version,
            "kind": str(about.kind),
            "title": about.title,
            "number": about.own_number,
            "archival_number": self.archival.get(one.number, ""),
            "day": about.day,
            "ends": about.ends or "",
            "division": about.division,
            "place": self.place(one),
            "group": about.group_no,
            "household": about.household_number,
            "party": about.party,
            "responsible": about.responsible,
            "contract": about.contract,
            "retention": about.retention,
            "filed_on": one.filed_on,
            "user": one.user,
            "reason": one.reason,
            "destroyed": self.destroyed.get(one.number, ""),
            "files": [
                {
                    "name": file.name,
                    "sha256": file.sha256,
                    "media": file.media,
                    "bytes": file.size,
                    "pages": file.pages,
                }
                for file in one.files
            ],
        }

    def lines(self, one: Paper) -> list[str]:
        """A paper in a few lines."""
        about = one.about
        group = f" 第 {about.group_no} 组" if about.group_no else ""
        household = f" {about.household_number} 号户" if about.household_number else ""
        people = [("当事人", about.party), ("责任人", about.responsible), ("属于合同", about.contract or "")]
        dates = [("编号", about.own_number), ("日期", about.day), ("到期", about.ends or "")]
        kept = [("档号", self.archival.get(one.number, "")), ("保管期限", RETENTION[about.retention])]
        gone = self.destroyed.get(one.number)
        return [
            f"{about.kind}《{about.title}》　{self.place(one)}{group}{household}",
            *filter(None, map(_listed, (people, dates, kept))),
            *([f"已于 {gone} 鉴定销毁，取不出来了"] if gone else []),
            *(
                f"  {file.name or '（文件）'}（{f'{file.pages} 页，' if file.pages else ''}{file.size} 字节）"
                for file in one.files
            ),
        ]

    def line(self, one: Paper) -> str:
        """A paper in one line of a list."""
        about = one.about
        gone = "已销毁" if one.number in self.destroyed else ""
        parts = (about.day, str(about.kind), f"《{about.title}》", self.place(one), about.party, gone)
        return f"{one.number:04d}　" + "　".join(filter(None, parts))


def _listed(said: list[tuple[str, str]]) -> str:
    return "　".join(f"{label} {text}" for label, text in said if text)
