"""What codes and names are called, for searching and for showing what is found."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from archive.index.words import Wording, Words
from archive.numbers import TOWN_DIGITS


@dataclass(frozen=True)
class Names:
    """Divisions by code, template titles and numbers by template name; `wordings` gives the templates' texts."""

    divisions: Mapping[str, str]
    titles: Mapping[str, str]
    numbers: Mapping[str, str] = field(default_factory=dict)
    wordings: Callable[[], Iterable[Wording]] = tuple

    @cached_property
    def words(self) -> Words:
        """The dictionary of these names."""
        return Words(self.divisions, self.titles, self.numbers, self.wordings)

    def village(self, code: str) -> str:
        """A village's full name, with its town's; a town's or county's own."""
        town = self.divisions.get(code[:TOWN_DIGITS], "") if len(code) > TOWN_DIGITS else ""
        return town + self.divisions.get(code, code)

    def title(self, template: str) -> str:
        """What a template is called; a kind of papers filed by hand is called as it is."""
        return self.titles.get(template, template)
