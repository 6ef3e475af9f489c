"""What an engine can look for: places in an index, alternatives of them by score, and the whole of a search."""

from dataclasses import dataclass, field

UNSCORED = 0


@dataclass(frozen=True, slots=True)
class Row:
    """Tokens side by side in a field of rows: names, similar, letters, keeper."""

    field: str
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Among:
    """A field with one value, or a set of them, that holds one of `values`; none does, if there are none."""

    field: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Begins:
    """The number's key begins so."""

    key: str


@dataclass(frozen=True, slots=True)
class Span:
    """A day (starts, ends) from `first` to `last`, both included, as numbers."""

    field: str
    first: int
    last: int


Look = Row | Among | Begins | Span
Alternative = tuple[Look, ...]  # all of them


@dataclass(frozen=True, slots=True)
class Needle:
    """Alternatives by score, the best first; without any it is found nowhere."""

    tiers: tuple[tuple[int, tuple[Alternative, ...]], ...]

    @property
    def alternatives(self) -> list[Alternative]:
        """All of them."""
        return [one for _, tier in self.tiers for one in tier]

    def from_score(self, score: int) -> "Needle":
        """The same without what scores less."""
        return Needle(tuple((worth, tier) for worth, tier in self.tiers if worth >= score))

    @property
    def worth(self) -> tuple[int, int]:
        """The least and the most that it scores."""
        return (self.tiers[-1][0], self.tiers[0][0]) if self.tiers else (0, 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """A query as engines run it: all of `needles`, none of `without`.

    `loose`: whether a similar plan would look for more. `notes` are the query's, and which values are unknown.
    """

    needles: list[Needle] = field(default_factory=list)
    without: list[Needle] = field(default_factory=list)
    loose: bool = False
    notes: tuple[str, ...] = ()
