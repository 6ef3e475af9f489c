"""Lists that a person filled in and gives back: workbooks of ours, read by their columns' names."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.errors import ListFaulty
from pipeline.roster.cells import Cell, folded
from pipeline.roster.opened import sheets_of


def rows_of(path: Path, columns: Sequence[str], what: str) -> Iterator[tuple[int, dict[str, Cell]]]:
    """The rows below every head row that has these columns: the sheet's own row, and its cells by column.

    Raises ListFaulty for a file without them, which is no `what`, and what `sheets_of` raises.
    """
    listed = False
    for _, sheets in sheets_of([path]):
        for sheet in sheets:
            places: dict[str, int] = {}
            for row, cells in sheet.rows:
                labels = [folded(cell) for cell in cells]
                if all(column in labels for column in columns):
                    places, listed = {label: place for place, label in enumerate(labels) if label}, True
                elif places:
                    filled = [
                        *cells,
                        *[""] * (max(places.values()) + 1 - len(cells)),
                    ]  # text files have short lines
                    yield row, {label: filled[place] for label, place in places.items()}
    if not listed:
        said = "、".join(f"“{column}”" for column in columns)
        raise ListFaulty(
            file=path, row=1, detail=f"没有{said}这{'两' if len(columns) == 2 else '几'}栏，不是{what}。"
        )
