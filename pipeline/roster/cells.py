"""A cell as the workbook holds it, and its plain text."""

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from functools import lru_cache

Cell = str | int | float | bool | date | datetime | time | timedelta
Row = list[Cell]

LONGEST_CELL = 500  # a text read from a file is cut to this: no field's is a quarter as long
_REPEATS = 100  # longer texts hardly do

# What offices write into a cell that has nothing to say.
_NOTHING = re.compile(r"[-－—–―‐‑−/\\_·.]*|无|没有|暂无|不详|未知|未填|空")
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})
# Zero-width and directional characters, tags: what is read must be what is seen. Variation selectors stay.
_ENDS = "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
_NONE = f"\ufdd0-\ufdef{_ENDS}"
NONCHARACTERS = re.compile(f"[{_NONE}]")  # for a program's inside; a workbook cannot hold them all
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
    f"{_NONE}]"
)
_QUOTED = re.compile(r'="(.*)"', re.DOTALL)
_SPACE = re.compile(r"\s+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")  # line breaks too: no field of a contract has room for one


def text(cell: Cell) -> str:
    """A cell's text: trimmed, invisible characters gone, what Excel and CSV wrap around it taken off.

    `="0006"` and a leading apostrophe or tab are unwrapped, a whole number loses its `.0`, a date is ISO, a
    formula's error is nothing. Width and inner spaces stay as written.
    """
    if isinstance(cell, str):
        if len(cell) > _REPEATS:
            return _unwrap(_CONTROLS.sub(" ", cell))
        return _unwrapped(_CONTROLS.sub(" ", cell)) if cell else ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime) and (cell.hour, cell.minute, cell.second) == (0, 0, 0):
        return cell.date().isoformat()
    return str(cell)


def folded(cell: Cell) -> str:
    """`text` with full-width forms folded and every space gone: for numbers, dates, marks and labels."""
    plain = text(cell)
    if len(plain) > _REPEATS:
        return _fold(plain)
    return _folded(plain) if plain else ""


def cut(cells: Row) -> Row:
    """A row whose texts are no longer than LONGEST_CELL."""
    return [cell[:LONGEST_CELL] if isinstance(cell, str) else cell for cell in cells]


def is_cut(cell: Cell) -> bool:
    """Whether a cell's text may have been longer than it was read."""
    return isinstance(cell, str) and len(cell) >= LONGEST_CELL


def is_nothing(plain: str) -> bool:
    """Whether a cell's text says no more than an empty cell: "", —, /, 无."""
    return _NOTHING.fullmatch(plain) is not None


def _unwrap(written: str) -> str:
    plain = _INVISIBLE.sub("", written).strip()
    if quoted := _QUOTED.fullmatch(plain):
        plain = quoted[1].strip()
    plain = plain.lstrip("'’‘`").strip()
    return "" if plain in _ERRORS else plain


def _fold(plain: str) -> str:
    return _SPACE.sub("", unicodedata.normalize("NFKC", plain))


# Most cells of a long roster repeat: villages, relations, sexes, marks, dates.
_unwrapped = lru_cache(maxsize=1 << 16)(_unwrap)
_folded = lru_cache(maxsize=1 << 16)(_fold)
