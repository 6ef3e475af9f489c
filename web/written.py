"""What people and addresses write, read: numbers and days."""

from datetime import date

from pipeline.console import FIRST_YEAR, LAST_YEAR
from web.errors import BadForm

MOST_WRITTEN = 999_999_999


def written_number(written: str) -> int:
    """A whole number up to MOST_WRITTEN, 0 for anything else."""
    plain = written.isascii() and written.isdigit() and len(written) <= len(str(MOST_WRITTEN))
    return int(written) if plain else 0


def written_day(written: str) -> date:
    """A day as it is written, in the years that there are. Raises BadForm."""
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise BadForm(detail=f"“{written[:20]}”不是日期，请写成 2026-03-01 这样。") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BadForm(detail=f"{day} 不在 {FIRST_YEAR} 到 {LAST_YEAR} 年之间。")
    return day
