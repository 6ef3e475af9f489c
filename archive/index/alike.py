"""Names by what they sound and look like and may have been mistyped as: looked up, where there are thousands of them."""

from collections.abc import Iterable

from archive.index.names import Row, one_more, one_open
from archive.index.shapes import shaped
from archive.index.sounds import plain_pinyin


class Alike:
    """Names, each found by others that are nearly it; what is found comes in the names' order."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)
        self._sounds: dict[str, list[int]] = {}
        self._looks: dict[Row, list[int]] = {}
        self._open: dict[str, list[int]] = {}
        self._more: dict[str, list[int]] = {}
        for at, name in enumerate(self._names):
            row = tuple(name)
            self._sounds.setdefault(plain_pinyin(name), []).append(at)
            self._looks.setdefault(shaped(row), []).append(at)
            for kept, tokens in ((self._open, one_open(row)), (self._more, one_more(row))):
                for token in tokens:
                    kept.setdefault(token, []).append(at)

    def sounding(self, row: Row) -> list[str]:
        """The names with the same pinyin, without tones."""
        return self._at(self._sounds.get(plain_pinyin("".join(row)), []))

    def looking(self, row: Row) -> list[str]:
        """The names of characters that look alike."""
        return self._at(self._looks.get(shaped(row), []))

    def mistyped(self, row: Row) -> list[str]:
        """The names that differ in one character (names.nearly): another, one more or one less."""
        opened = one_open(row)
        found = [at for token in (*opened, *one_more(row)) for at in self._open.get(token, [])]
        return self._at([*found, *(at for token in opened for at in self._more.get(token, []))])

    def _at(self, places: Iterable[int]) -> list[str]:
        return [self._names[at] for at in sorted(set(places))]
