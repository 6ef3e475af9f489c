"""The tables and charts of a period's figures, as they stand in every document."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from archive.numbers import TOWN_DIGITS
from archive.reports.compared import Compared, Key, Row
from archive.reports.document import Chart, Table, plain
from archive.reports.figures import COUNTS, DEFINITIONS, NOTHING, Count, Rate
from archive.search_names import Names

NOTES = (*(one.words for one in DEFINITIONS.values()), f"分母是零的写“{NOTHING}”。")
SHADED = Rate.SIGNED  # the rate of the table village by template
BARS = (Rate.SIGNED, Rate.RETURNED, Rate.WHOLE)
TREND = (Rate.SIGNED, Rate.RETURNED, Rate.IN_TIME, Rate.WHOLE)
IN_A_CHART = 16  # names, so that it goes on a page
# The colours from all down to few: legible under black text, and in grey.
_STEPS = ((1000, "A9D18E"), (950, "C5E0B4"), (850, "E2F0D9"), (700, "FFF2CC"), (500, "FBE5D6"), (0, "F4B183"))


# What rows are by (figures.KEYS), and what they are called.
Level = tuple[str, ...]
TOWN, VILLAGE, GROUP, TEMPLATE = ("town",), ("village",), ("village", "group"), ("template",)
HEADS = {TOWN: "乡镇", VILLAGE: "村", GROUP: "组", TEMPLATE: "合同"}


@dataclass(frozen=True)
class Tables:
    """Makes the tables of a comparison; `names` tells what codes are called."""

    compared: Compared
    names: Names

    @cached_property
    def several_towns(self) -> bool:
        """Whether there is more than one town to tell apart."""
        return len(self.compared.by(*TOWN)) > 1

    def label(self, level: Level, key: Key) -> str:
        """What a row is called; a village with its town where there are several."""
        code = str(key[0])
        if level == TEMPLATE:
            return plain(self.names.title(code))
        if level == TOWN:
            return plain(self.names.divisions.get(code[:TOWN_DIGITS], code))
        village = self.names.village(code) if self.several_towns else self.names.divisions.get(code, code)
        if level == GROUP:
            return plain(f"{village} {key[1]}组" if key[1] else f"{village} 未分组")
        return plain(village)

    def total(self) -> Table:
        """All contracts: a row a rate."""
        row = self.compared.total
        rows = []
        for rate, of in DEFINITIONS.items():
            share = row.now.share(rate)
            counts = (
                f"{COUNTS[of.numerator]} {share.numerator}",
                f"{COUNTS[of.denominator]} {share.denominator}",
            )
            then = []
            for since in self.compared.earlier.values():
                then += [str(row.at(since).share(rate)), change(row.change(rate, since))]
            rows.append((of.name, *counts, str(share), *then))
        earlier = [part for called in self.compared.earlier for part in (called, f"比{called}")]
        head = ("指标", "分子", "分母", "本期", *earlier)
        return Table(
            "总体情况（增减为百分点）", head, rows, (13, 13, 14, *[9] * (len(head) - 3)), notes=NOTES
        )

    def rates(self, level: Level, *, declined: bool) -> Table:
        """A row a place or template: the rates, with what is divided by what; and how many declined."""
        head = (
            HEADS[level],
            *([COUNTS[Count.DECLINED].replace("（", "\n（")] if declined else []),
            *(one.name for one in DEFINITIONS.values()),
        )
        rows = [
            (
                self.label(level, key),
                *([str(row.now[Count.DECLINED])] if declined else []),
                *(_share(row, rate) for rate in Rate),
            )
            for key, row in self.compared.by(*level).items()
        ]
        widths = (24, *([10] if declined else []), *[13] * len(Rate))
        return Table(f"各{HEADS[level]}情况", head, rows, widths, notes=NOTES)

    def changes(self, level: Level) -> Table:
        """How far the rates are from those of the periods before, in percentage points."""
        earlier = self.compared.earlier
        head = (
            HEADS[level],
            *(f"{DEFINITIONS[rate].short}\n比{called}" for rate in Rate for called in earlier),
        )
        rows = [
            (
                self.label(level, key),
                *(change(row.change(rate, since)) for rate in Rate for since in earlier.values()),
            )
            for key, row in self.compared.by(*level).items()
        ]
        caption = f"各{HEADS[level]}增减（百分点）"
        return Table(caption, head, rows, (24, *[9] * (len(head) - 1)), notes=NOTES)

    def heat(self, level: Level) -> Table:
        """Places by templates: one rate in colours."""
        templates = [str(key[0]) for key in self.compared.by(*TEMPLATE)]
        found = self.compared.by(*level, "template")
        places = list(dict.fromkeys(key[:-1] for key in found))
        rows, shades = [], {}
        for line, place in enumerate(places):
            texts = []
            for column, template in enumerate(templates, 1):
                row = found.get((*place, template))
                share = row.now.share(SHADED) if row else None
                texts.append(NOTHING if share is None else str(share))
                if share is not None and (colour := shade(share.tenths)):
                    shades[line, column] = colour
            rows.append((self.label(level, place), *texts))
        head = (HEADS[level], *(plain(self.names.title(one)) for one in templates))
        caption = f"各{HEADS[level]}各种合同的{DEFINITIONS[SHADED].name}"
        return Table(caption, head, rows, (24, *[13] * len(templates)), notes=NOTES, shades=shades)

    def bars(self, level: Level) -> Iterator[Chart]:
        """Bars in the order of codes, villages of different towns apart, no more than go on a page."""
        rows = self.compared.by(*level)
        for town, keys in groupby(rows, lambda key: str(key[0])[:TOWN_DIGITS] if level != TOWN else ""):
            of_town = self.names.divisions.get(town, "") if self.several_towns else ""
            for part in _parts(list(keys)):
                names = tuple(self.label(level, key).removeprefix(of_town) for key in part)
                series = tuple(
                    (DEFINITIONS[rate].name, tuple(rows[key].now.share(rate).percent for key in part))
                    for rate in BARS
                )
                yield Chart(plain(f"{of_town}各{HEADS[level]}情况"), "bars", names, series)

    def trend(self) -> Chart:
        """The year's periods so far."""
        steps = self.compared.trend
        names = tuple(step.name.removeprefix(f"{step.year}年") for step in steps)
        series = tuple(
            (DEFINITIONS[rate].name, tuple(counts.share(rate).percent for counts in steps.values()))
            for rate in TREND
        )
        return Chart(f"{self.compared.period.year}年走势", "lines", names, series)


def _parts(keys: list[Key]) -> Iterator[list[Key]]:
    """Keys in as many parts as they need, about as long as each other."""
    count = -(-len(keys) // IN_A_CHART)
    for at in range(count):
        yield keys[len(keys) * at // count : len(keys) * (at + 1) // count]


def change(tenths: int | None) -> str:
    """A difference in percentage points, with its sign."""
    if tenths is None:
        return NOTHING
    return f"{tenths / 10:+.1f}" if tenths else "0.0"


def shade(tenths: int | None) -> str | None:
    """The colour of a rate; None where there is none."""
    return None if tenths is None else next(colour for least, colour in _STEPS if tenths >= least)


def _share(row: Row, rate: Rate) -> str:
    share = row.now.share(rate)
    return f"{share}\n{share.numerator}/{share.denominator}"
