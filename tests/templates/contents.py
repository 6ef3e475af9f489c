"""Contents for tests: values that say which field they are, for every variant of a template."""

from collections.abc import Iterator
from itertools import combinations

from pipeline.fill import Content
from pipeline.manifest import Manifest


def content(manifest: Manifest, rows: int = 0, clauses: tuple[str, ...] = ()) -> Content:
    """A contract whose every value says what it is."""
    return Content(
        {name: f"＊{field.label}＊" for name, field in manifest.fields.items()},
        {
            name: [
                {one: f"{field.label}{row}" for one, field in fields.items()} for row in range(1, rows + 1)
            ]
            for name, fields in manifest.rows.items()
        },
        clauses,
    )


def every_variant(manifest: Manifest, most_rows: int = 8) -> Iterator[Content]:
    """A content for all clauses that may hold together and, where there are lists, each number of rows from 1."""
    for size in range(len(manifest.clauses) + 1):
        for clauses in combinations(manifest.clauses, size):
            for rows in range(1, most_rows + 1) if manifest.rows else [0]:
                yield content(manifest, rows, clauses)
