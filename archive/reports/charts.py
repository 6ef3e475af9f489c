"""Charts: drawn once, as vectors with texts as outlines (SVG); a picture of 300 dpi is made of the same."""

import io
import logging
from functools import lru_cache
from typing import Any

import typst
from matplotlib import font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from archive.reports.document import Chart

# Families with all common Chinese characters, Windows' own first; then what has rare ones.
FAMILIES = (
    "SimHei",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "SimSun",
    "Noto Serif CJK SC",
    "LXGW WenKai",
    "HanaMinA",
    "HanaMinB",
)
# It says on standard error that a face for rare characters has no normal weight.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
SETTINGS = {
    "font.size": 9,
    "svg.fonttype": "path",
    "svg.hashsalt": "huyue",
    "axes.unicode_minus": False,
    "hatch.linewidth": 0.4,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,
}
SIZE, POINT = 9, 1 / 72  # of the text in points, and a point in inches
LONGEST = 20  # characters of a name in a line
WIDTH = 6.14  # inches: the 156 mm of an official paper's text
DPI = 300
COLOURS = ("#2F5597", "#C55A11", "#548235", "#7F6000", "#7030A0")
MARKS = ("o", "s", "^", "D", "v")  # told apart in black and white, too
HATCHES = ("", "///", "...", "xxx", "\\\\\\")


@lru_cache(maxsize=64)  # a report has the same charts in every form
def as_svg(chart: Chart) -> str:
    """The chart as SVG; the same chart gives the same text."""
    known = set(font_manager.fontManager.get_font_names())
    settings: Any = SETTINGS | {"font.family": [family for family in FAMILIES if family in known]}
    bars = chart.kind == "bars"
    lines = [line for name in chart.names for line in _lines_of(name)]
    height = 0.8 + 0.11 * (len(chart.series) + 0.6) * len(chart.names) if bars else 2.8
    left = 0.2 + POINT * SIZE * (max(map(len, lines), default=0) if bars else 4)
    out = io.StringIO()
    with rc_context(settings):
        figure = Figure(figsize=(WIDTH, height))
        figure.subplots_adjust(left / WIDTH, 0.65 / height, 1 - 0.1 / WIDTH, 1 - 0.1 / height)
        axes = figure.add_subplot()
        (_bars if bars else _lines)(axes, chart)
        figure.legend(loc="lower center", ncols=max(1, len(chart.series)), frameon=False, fontsize=8)
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def as_png(chart: Chart) -> bytes:
    """The same as PNG, 300 dpi."""
    page = b'#set page(width: auto, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.svg), format: "svg")'
    return typst.compile(
        page, format="png", ppi=DPI, sys_inputs={"svg": as_svg(chart)}, ignore_system_fonts=True
    )


def _lines_of(name: str) -> list[str]:
    """A name beside its bars, so that it leaves room for them."""
    return [name[at : at + LONGEST] for at in range(0, len(name), LONGEST)]


def _bars(axes: Axes, chart: Chart) -> None:
    thick = 0.8 / len(chart.series)
    for at, (name, values) in enumerate(chart.series):
        places = [row + (at - (len(chart.series) - 1) / 2) * thick for row in range(len(values))]
        axes.barh(
            places,
            [value or 0 for value in values],
            thick * 0.92,
            label=name,
            color=COLOURS[at],
            hatch=HATCHES[at],
            edgecolor="white",
            linewidth=0,
        )
        for place, value in zip(places, values, strict=True):
            said = "—" if value is None else f"{value:.1f}%"
            axes.text((value or 0) + 0.8, place, said, va="center", fontsize=7)
    axes.set_yticks(range(len(chart.names)), ["\n".join(_lines_of(name)) for name in chart.names])
    axes.set_ylim(len(chart.names) - 0.4, -0.6)
    axes.set_xlim(0, 110)
    axes.set_xticks(range(0, 101, 20), [f"{value}%" for value in range(0, 101, 20)])
    axes.grid(axis="x", color="#D9D9D9", linewidth=0.6)
    axes.set_axisbelow(True)


def _lines(axes: Axes, chart: Chart) -> None:
    places = list(range(len(chart.names)))
    for at, (name, values) in enumerate(chart.series):
        known = [float("nan") if value is None else value for value in values]
        axes.plot(places, known, label=name, color=COLOURS[at], marker=MARKS[at], markersize=4)
    axes.set_xticks(places, chart.names)
    axes.set_xlim(-0.5, max(len(places) - 0.5, 0.5))
    axes.set_ylim(-4, 104)
    axes.set_yticks(range(0, 101, 20), [f"{value}%" for value in range(0, 101, 20)])
    axes.grid(axis="y", color="#D9D9D9", linewidth=0.6)
