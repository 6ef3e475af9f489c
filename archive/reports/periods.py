"""The periods that are reported on: a month, a quarter, a half-year or a year of the calendar."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

WRITTEN = "2026-03（月）、2026-Q1（季度）、2026-H1（半年）或 2026（年）"
_FORM = re.compile(r"([0-9]{4})(?:-(?:(Q)([1-4])|(H)([12])|(0[1-9]|1[0-2])))?")
_MONTHS = {"": 12, "H": 6, "Q": 3, "M": 1}
_QUARTERS = "一二三四"
FIRST_YEAR, LAST_YEAR = 1950, 2200


@dataclass(frozen=True, slots=True)
class Period:
    """The `nth` (from 1) year "", half-year "H", quarter "Q" or month "M" of `year`."""

    year: int
    kind: str
    nth: int = 1

    @classmethod
    def parse(cls, text: str) -> "Period":
        """A period as it is written. Raises ValueError, in Chinese."""
        found = _FORM.fullmatch(text.strip().upper())
        if not found or not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
            raise ValueError(f"“{text}”不是统计期，请写成 {WRITTEN}。")
        year, quarter, half, month = int(found[1]), found[3], found[5], found[6]
        kind = "Q" if quarter else "H" if half else "M" if month else ""
        return cls(year, kind, int(quarter or half or month or 1))

    def __str__(self) -> str:
        """As it is written: 2026-03, 2026-Q1, 2026-H1, 2026."""
        if self.kind == "M":
            return f"{self.year}-{self.nth:02d}"
        return f"{self.year}-{self.kind}{self.nth}" if self.kind else str(self.year)

    @property
    def name(self) -> str:
        """What it is called: 2026年3月, 2026年第一季度, 2026年上半年, 2026年."""
        part = {
            "": "",
            "H": "上半年" if self.nth == 1 else "下半年",
            "Q": f"第{_QUARTERS[(self.nth - 1) % 4]}季度",
            "M": f"{self.nth}月",
        }[self.kind]
        return f"{self.year}年{part}"

    @property
    def first(self) -> date:
        return date(self.year, (self.nth - 1) * _MONTHS[self.kind] + 1, 1)

    @property
    def last(self) -> date:
        year, month = divmod(self.year * 12 + self.nth * _MONTHS[self.kind], 12)
        return date(year, month + 1, 1) - timedelta(days=1)

    def before(self) -> "Period":
        """The period of its kind before it."""
        if self.nth > 1:
            return Period(self.year, self.kind, self.nth - 1)
        return Period(self.year - 1, self.kind, 12 // _MONTHS[self.kind])

    def year_before(self) -> "Period":
        """The same a year before."""
        return Period(self.year - 1, self.kind, self.nth)

    def steps(self) -> tuple["Period", ...]:
        """What a trend of its year goes through, up to its end: months for a month, else quarters."""
        kind = "M" if self.kind == "M" else "Q"
        count = self.last.month // _MONTHS[kind]
        return tuple(Period(self.year, kind, nth) for nth in range(1, count + 1))
