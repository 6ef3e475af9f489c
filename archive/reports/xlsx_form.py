"""A period's figures as a workbook: lists that can be filtered, charts of the spreadsheet's own, a map in colours."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter

from archive.reports import wording
from archive.reports.document import plain
from archive.reports.figures import COUNTS, DEFINITIONS, NOTHING, Count, Rate
from archive.reports.tables import (
    BARS,
    GROUP,
    HEADS,
    NOTES,
    SHADED,
    TEMPLATE,
    TREND,
    Level,
    Tables,
)
from archive.workbook import GRID, list_sheet, new_workbook

PERCENT, POINTS = "0.0%", "+0.0;-0.0;0.0"
FIRST = 2  # the line of the first row (list_sheet)
NOTE_COLUMNS = 8  # that a note is written over
BAR_HEIGHT, ROW_HEIGHT = 34, 20  # pixels a place in a chart, and a row of a sheet
_LOW, _MIDDLE, _HIGH = "#F4B183", "#FFF2CC", "#A9D18E"


def write_xlsx(path: Path, title: str, tables: Tables, levels: Sequence[Level], day: date) -> None:
    """Write the workbook with sheets for these levels of places, dated `day`. Raises OSError."""
    with new_workbook(path, title, day) as book:
        sheets = _Sheets(book, title, tables)
        sheets.total()
        sheets.trend()
        for level in (*levels, TEMPLATE):
            sheets.rates(level)
            sheets.changes(level)
        for level in levels:
            if level != GROUP:
                sheets.heat(level)
                sheets.bars(level)


def _rates_name(level: Level) -> str:
    return f"各{HEADS[level]}情况"


class _Sheets:
    def __init__(self, book: xlsxwriter.Workbook, title: str, tables: Tables) -> None:
        self._book, self._title, self._tables = book, title, tables
        self._text = book.add_format(GRID)
        self._number = book.add_format(GRID | {"align": "center"})
        self._percent = book.add_format(GRID | {"align": "center", "num_format": PERCENT})
        self._points = book.add_format(GRID | {"align": "center", "num_format": POINTS})
        self._note = book.add_format(
            {"font_name": "宋体", "font_size": 9, "text_wrap": True, "valign": "top"}
        )

    def total(self) -> None:
        """The rates of all."""
        compared = self._tables.compared
        earlier = compared.earlier
        columns = [("指标", 16), ("分子", 12), ("分子份数", 10), ("分母", 12), ("分母份数", 10), ("本期", 10)]
        columns += [(part, 10) for called in earlier for part in (called, f"比{called}\n（百分点）")]
        sheet = list_sheet(self._book, "总体", f"{self._title}　{wording.as_of(compared)}", columns)
        row = compared.total
        for line, (rate, of) in enumerate(DEFINITIONS.items(), FIRST):
            share = row.now.share(rate)
            sheet.write_string(line, 0, of.name, self._text)
            sheet.write_string(line, 1, COUNTS[of.numerator], self._text)
            sheet.write_number(line, 2, share.numerator, self._number)
            sheet.write_string(line, 3, COUNTS[of.denominator], self._text)
            sheet.write_number(line, 4, share.denominator, self._number)
            self._rate(sheet, line, 5, share.tenths)
            for at, since in enumerate(earlier.values()):
                self._rate(sheet, line, 6 + 2 * at, row.at(since).share(rate).tenths)
                self._change(sheet, line, 7 + 2 * at, row.change(rate, since))
        line = FIRST + len(DEFINITIONS)
        declined = f"{COUNTS[Count.DECLINED]}{row.now[Count.DECLINED]}份。{wording.VOLUNTARY}"
        self._notes(sheet, line + 1, (declined, *NOTES))

    def trend(self) -> None:
        """The year's periods, and lines over them."""
        chart, line = self._tables.trend(), 1
        columns = [("统计期", 16), *((name, 14) for name, _ in chart.series)]
        sheet = list_sheet(self._book, "走势", f"{self._title}：{chart.caption}", columns)
        steps = list(self._tables.compared.trend.values())
        for at, (name, counts) in enumerate(zip(chart.names, steps, strict=True), line + 1):
            sheet.write_string(at, 0, name, self._text)
            for column, rate in enumerate(TREND, 1):
                self._rate(sheet, at, column, counts.share(rate).tenths)
        last = self._notes(sheet, line + len(steps) + 2, NOTES)
        drawn = self._book.add_chart({"type": "line"})
        for column in range(1, len(TREND) + 1):
            drawn.add_series(
                {
                    "name": [sheet.name, line, column],
                    "categories": [sheet.name, line + 1, 0, line + len(steps), 0],
                    "values": [sheet.name, line + 1, column, line + len(steps), column],
                    "marker": {"type": "automatic"},
                }
            )
        drawn.set_title({"name": chart.caption, "name_font": {"size": 12}})
        drawn.set_y_axis({"min": 0, "max": 1, "num_format": "0%"})
        drawn.set_legend({"position": "bottom"})
        drawn.set_size({"width": 640, "height": 300})
        sheet.insert_chart(last + 1, 0, drawn)

    def rates(self, level: Level) -> None:
        """A row a place or template: numerators, denominators, rates."""
        compared, declined = self._tables.compared, level != GROUP
        columns = [(HEADS[level], 26)] + [(COUNTS[Count.DECLINED], 9)] * declined
        for one in DEFINITIONS.values():
            parts = (COUNTS[one.numerator], COUNTS[one.denominator])
            columns += [*((f"{one.short}：\n{part}", 9) for part in parts), (one.name, 11)]
        rows = compared.by(*level)
        sheet = self._list(level, _rates_name(level), columns, len(rows))
        for line, (key, row) in enumerate(rows.items(), FIRST):
            sheet.write_string(line, 0, self._tables.label(level, key), self._text)
            if declined:
                sheet.write_number(line, 1, row.now[Count.DECLINED], self._number)
            for column, rate in enumerate(Rate):
                share = row.now.share(rate)
                start = 1 + declined + 3 * column
                sheet.write_number(line, start, share.numerator, self._number)
                sheet.write_number(line, start + 1, share.denominator, self._number)
                self._rate(sheet, line, start + 2, share.tenths)
        self._notes(sheet, FIRST + len(rows) + 1, NOTES)

    def changes(self, level: Level) -> None:
        """How far the rates are from those of the periods before."""
        table = self._tables.changes(level)
        columns = [(HEADS[level], 26), *((head, 11) for head in table.head[1:])]
        rows = self._tables.compared.by(*level)
        sheet = self._list(level, table.caption, columns, len(rows))
        for line, (key, row) in enumerate(rows.items(), FIRST):
            sheet.write_string(line, 0, self._tables.label(level, key), self._text)
            earlier = self._tables.compared.earlier.values()
            for column, (rate, since) in enumerate(((rate, since) for rate in Rate for since in earlier), 1):
                self._change(sheet, line, column, row.change(rate, since))
        self._notes(sheet, FIRST + len(rows) + 1, NOTES)

    def bars(self, level: Level) -> None:
        """Lying bars of some rates, the first place on top; each chart on a page of its own."""
        sheet, source = self._book.add_worksheet(f"各{HEADS[level]}图"), _rates_name(level)
        sheet.set_paper(9)
        sheet.set_print_scale(80)  # fitted to a page's width it would lose its breaks
        row, line, breaks = FIRST, 0, []
        for chart in self._tables.bars(level):
            last = row + len(chart.names) - 1
            drawn = self._book.add_chart({"type": "bar"})
            for rate in BARS:
                column = 2 + 3 * list(Rate).index(rate) + 2
                places = {
                    "categories": [source, row, 0, last, 0],
                    "values": [source, row, column, last, column],
                }
                drawn.add_series({"name": DEFINITIONS[rate].name, "gap": 60} | places)
            drawn.set_title({"name": chart.caption, "name_font": {"size": 12}})
            drawn.set_x_axis({"min": 0, "max": 1, "num_format": "0%"})
            drawn.set_y_axis({"reverse": True, "interval_unit": 1})
            drawn.set_legend({"position": "top"})
            height = 140 + BAR_HEIGHT * len(chart.names)
            drawn.set_size({"width": 540, "height": height})
            sheet.insert_chart(line, 0, drawn)
            row, line = last + 1, line + height // ROW_HEIGHT + 2
            breaks.append(line)
        sheet.set_h_pagebreaks(breaks[:-1])

    def heat(self, level: Level) -> None:
        """Places by templates, the rate in colours that the spreadsheet works out."""
        tables, compared = self._tables, self._tables.compared
        templates = [str(key[0]) for key in compared.by(*TEMPLATE)]
        found = compared.by(*level, "template")
        places = list(dict.fromkeys(key[:-1] for key in found))
        columns = [(HEADS[level], 26), *((plain(tables.names.title(one)), 16) for one in templates)]
        sheet = self._list(level, tables.heat(level).caption, columns, len(places))
        for line, place in enumerate(places, FIRST):
            sheet.write_string(line, 0, tables.label(level, place), self._text)
            for column, template in enumerate(templates, 1):
                row = found.get((*place, template))
                self._rate(sheet, line, column, row.now.share(SHADED).tenths if row else None)
        last = FIRST + len(places) - 1
        if places:
            scale: dict[str, object] = {
                "type": "3_color_scale",
                "min_color": _LOW,
                "mid_color": _MIDDLE,
                "max_color": _HIGH,
            }
            scale |= {f"{end}_type": "num" for end in ("min", "mid", "max")}
            scale |= {"min_value": 0, "mid_value": 0.7, "max_value": 1}
            sheet.conditional_format(FIRST, 1, last, len(templates), scale)
        self._notes(sheet, last + 2, NOTES)

    def _list(self, level: Level, name: str, columns: list[tuple[str, int]], rows: int) -> Any:
        """A sheet that can be filtered, its heads and first column always in sight."""
        sheet = list_sheet(self._book, name.split("（")[0], f"{self._title}：{name}", columns)
        sheet.freeze_panes(FIRST, 1)
        sheet.autofilter(1, 0, max(FIRST + rows - 1, 1), len(columns) - 1)
        return sheet

    def _rate(self, sheet: Any, line: int, column: int, tenths: int | None) -> None:
        """A rate as a number that reads as in every other form."""
        if tenths is None:
            sheet.write_string(line, column, NOTHING, self._number)
        else:
            sheet.write_number(line, column, tenths / 1000, self._percent)

    def _change(self, sheet: Any, line: int, column: int, tenths: int | None) -> None:
        if tenths is None:
            sheet.write_string(line, column, NOTHING, self._number)
        else:
            sheet.write_number(line, column, tenths / 10, self._points)

    def _notes(self, sheet: Any, first: int, notes: Sequence[str]) -> int:
        """Write notes from a line on, each over some columns; the line after them."""
        for line, text in enumerate(notes, first):
            sheet.set_row(line, 26 if len(text) > 60 else 14)
            sheet.merge_range(line, 0, line, NOTE_COLUMNS, "", self._note)
            sheet.write_string(line, 0, text, self._note)
        return first + len(notes)
