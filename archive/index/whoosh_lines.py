"""The distinct lines of a whoosh segment's field, to be looked through."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate


class Lines:
    """The lines, encoded and joined.

    `documents` holds what was read of the postings, deleted documents perhaps among them.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        spaced = [b" %s \n" % line for line in lines]
        self._text = b"".join(spaced)
        self._ends = array("Q", accumulate(map(len, spaced)))
        self.documents: dict[bytes, tuple[int, ...]] = {}

    def holding(self, row: Sequence[str]) -> Iterator[bytes]:
        """The lines in which the units of `row` stand side by side."""
        wanted = f" {' '.join(row)} ".encode()
        at = self._text.find(wanted)
        while at >= 0:
            line = bisect_right(self._ends, at)
            start, end = self._ends[line - 1] if line else 0, self._ends[line]
            yield self._text[start + 1 : end - 2]
            at = self._text.find(wanted, end)
