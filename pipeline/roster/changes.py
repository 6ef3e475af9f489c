"""What a roster changes against the one before: persons joined, left and changed, households split and merged.

A person is followed by identity number. Someone gone and someone new of the same name and birth date in the
same village are suggested to be one person; nothing follows from that until it is confirmed.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from pipeline.errors import SuggestionUnknown
from pipeline.people import Household, Person, age_on
from pipeline.roster.columns import LABELS
from pipeline.roster.reader import Roster

AGES = (15, 18, 49, 59, 60)  # that contracts and services begin or end with
MOVED, DIED, UNKNOWN = "moved", "died", "unknown"

HomeKey = tuple[str, int, str]  # village, group, number
# A person's own fields as the catalogue keeps them; dates are ISO.
OWN = (
    "name sex birth id_number relation phone marital away_to away_from away_until away_readable "
    "wants_service wants_pension wants_choice held"
).split()
_NAME, _BIRTH, _ID, _MARITAL = (OWN.index(name) for name in ("name", "birth", "id_number", "marital"))


@dataclass(frozen=True, slots=True)
class Before:
    """Someone of the roster before: `own` in the order of OWN, the household, and the day of that import."""

    own: tuple[object, ...]
    home: HomeKey
    head: str
    since: date

    @property
    def name(self) -> str:
        return str(self.own[_NAME])

    @property
    def born(self) -> object:
        return self.own[_BIRTH]


@dataclass(frozen=True, slots=True)
class Someone:
    """A person in a list of changes; `home` is the present household, or the last one of who has left.

    `now` is "" for who has left; `then` is "" for who is new, else the identity number then.
    """

    name: str
    home: HomeKey
    now: str
    then: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two identity numbers that may be one person's."""

    name: str
    village: str
    old: str
    new: str
    birth: str


@dataclass(slots=True)
class Changes:
    """Everything an import changes. Lists are in the roster's order, those of who has left by household.

    `changed` counts a person once; the lists after it say what changed, and may name a person several times.
    """

    unchanged: int = 0
    held: int = 0
    changed: int = 0
    joined: list[Someone] = field(default_factory=list)
    left: list[Someone] = field(default_factory=list)  # detail: moved, died or unknown
    renamed: list[Someone] = field(default_factory=list)  # detail: the name before
    moved: list[Someone] = field(default_factory=list)  # to another village; detail: that before
    rehoused: list[Someone] = field(default_factory=list)  # another group or household of the village
    marital: list[Someone] = field(default_factory=list)  # detail: the state before
    renumbered: list[Someone] = field(default_factory=list)  # confirmed to be one person
    other: list[Someone] = field(default_factory=list)  # detail: what else
    ages: list[Someone] = field(default_factory=list)  # detail: the age turned
    heads: list[tuple[HomeKey, str, str]] = field(default_factory=list)  # household, head before, head now
    split: list[tuple[HomeKey, tuple[HomeKey, ...]]] = field(default_factory=list)
    merged: list[tuple[tuple[HomeKey, ...], HomeKey]] = field(default_factory=list)
    gone: list[HomeKey] = field(default_factory=list)  # households that no longer are, merged ones too
    suggestions: list[Pair] = field(default_factory=list)
    confirmed: frozenset[int] = frozenset()  # of the suggestions, counted from 1
    doubtful: list[Someone] = field(
        default_factory=list
    )  # name and village differ; detail: who had the number
    carried: list[tuple[str, str]] = field(default_factory=list)  # held back now: number and village before


def own_values(person: Person) -> tuple[object, ...]:
    """A person's fields in the order of OWN, as the catalogue keeps them."""
    values = (getattr(person, name) for name in OWN)
    return tuple(value.isoformat() if isinstance(value, date) else value for value in values)


def compare(
    before: Mapping[str, Before], roster: Roster, today: date, confirmed: Collection[int] | None = ()
) -> Changes:
    """A roster against the persons before, by identity number, wherever in the archive they lived.

    `confirmed` are the suggestions, counted from 1, that are to be one person; None confirms all. Raises
    SuggestionUnknown for a number that is none.
    """
    comparison = _Comparison(before, roster, today)
    suggestions = comparison.suggestions()
    every = range(1, len(suggestions) + 1)
    if confirmed and (wrong := sorted(set(confirmed) - set(every))):
        raise SuggestionUnknown(numbers="、".join(map(str, wrong)), count=len(suggestions))
    comparison.changes.suggestions = suggestions
    comparison.changes.confirmed = frozenset(every if confirmed is None else confirmed)
    for number in comparison.changes.confirmed:
        pair = suggestions[number - 1]
        comparison.linked[pair.new] = pair.old
    comparison.run()
    return comparison.changes


class _Comparison:
    def __init__(self, before: Mapping[str, Before], roster: Roster, today: date) -> None:
        self.before = before
        self.roster = roster
        self.today = today
        self.linked: dict[str, str] = {}
        self.changes = Changes()
        self.covered = {home.village_code for home in roster.households if home.village_code}
        self.seen: set[str] = set()
        self.held_as: set[tuple[object, ...]] = set()
        self.renamed_heads: set[HomeKey] = set()
        for home, member in self._members():
            if member.held:
                self.held_as |= set(_traces_of(member.id_number, member.name, member.birth, key_of(home)))
            else:
                self.seen.add(member.id_number)
        self.homes_of_held: set[HomeKey] = set()
        self.gone: dict[str, Before] = {}  # of the villages given, and in none of their rows, held ones too
        for number, old in before.items():
            if number in self.seen:
                continue
            if not self.held_as.isdisjoint(_traces_of(number, old.name, old.born, old.home)):
                self.homes_of_held.add(old.home)
                self.changes.carried.append((number, old.home[0]))
            elif old.home[0] in self.covered:
                self.gone[number] = old

    def _members(self) -> Iterator[tuple[Household, Person]]:
        for home in self.roster.households:
            for member in home.members:
                yield home, member

    def suggestions(self) -> list[Pair]:
        """Who may have another identity number now: one gone and one new of that name, birth and village."""
        gone: defaultdict[tuple[object, ...], list[str]] = defaultdict(list)
        new: defaultdict[tuple[object, ...], list[str]] = defaultdict(list)
        for number, old in self.gone.items():
            gone[old.name, str(old.born), old.home[0]].append(number)
        if not gone:
            return []
        for home, member in self._members():
            if not member.held and member.id_number not in self.before:
                new[member.name, str(member.birth), home.village_code].append(member.id_number)
        pairs = (
            Pair(str(name), str(village), gone[name, birth, village][0], numbers[0], str(birth))
            for (name, birth, village), numbers in new.items()
            if len(numbers) == 1 and len(gone.get((name, birth, village), ())) == 1
        )
        return sorted(pairs, key=lambda pair: (pair.village, pair.name, pair.birth))

    def run(self) -> None:
        goes_to: defaultdict[HomeKey, dict[HomeKey, None]] = defaultdict(dict)
        comes_from: defaultdict[HomeKey, dict[HomeKey, None]] = defaultdict(dict)
        for home, member in self._members():
            if member.held:
                self.changes.held += 1
                continue
            then = self.linked.get(member.id_number, member.id_number)
            old = self.before.get(then)
            if old is None:
                self.changes.joined.append(Someone(member.name, key_of(home), member.id_number, ""))
                continue
            goes_to[old.home][key_of(home)] = None
            comes_from[key_of(home)][old.home] = None
            self._person(home, member, old, then)
        self._who_left()
        self._households(goes_to, comes_from)

    def _person(self, home: Household, member: Person, old: Before, then: str) -> None:
        changes, own, key = self.changes, own_values(member), key_of(home)

        def noted(detail: object = "") -> Someone:
            return Someone(member.name, key, member.id_number, then, str(detail))

        if member.birth:
            turned = (
                age
                for age in AGES
                if age_on(member.birth, old.since) < age <= age_on(member.birth, self.today)
            )
            changes.ages += (noted(age) for age in turned)
        if own == old.own and key == old.home:
            changes.unchanged += 1
            return
        changes.changed += 1
        if then != member.id_number:
            changes.renumbered.append(noted())
        if member.name != old.name:
            changes.renamed.append(noted(old.name))
            if old.name == old.head and member.name == home.head:
                self.renamed_heads.add(key)
            if key[0] != old.home[0] and then == member.id_number:
                changes.doubtful.append(noted(old.name))
        if key[0] != old.home[0]:
            changes.moved.append(noted(old.home[0]))
        elif key != old.home:
            changes.rehoused.append(noted())
        if member.marital != old.own[_MARITAL]:
            changes.marital.append(noted(old.own[_MARITAL]))
        told = (_NAME, _ID, _MARITAL)
        fields = [
            LABELS[OWN[at]]
            for at, (now, was) in enumerate(zip(own, old.own, strict=True))
            if now != was and at not in told and OWN[at] in LABELS
        ]
        if fields:
            changes.other.append(noted("、".join(fields)))

    def _who_left(self) -> None:
        stated = {
            trace: one.reason
            for home in self.roster.households
            for one in home.departed
            for trace in _traces_of(one.id_number, one.name, None, key_of(home))
        }
        followed = set(self.linked.values())
        for number, old in self.gone.items():
            if number not in followed:
                traces = _traces_of(number, old.name, old.born, old.home)
                reason = next((stated[trace] for trace in traces if trace in stated), UNKNOWN)
                self.changes.left.append(Someone(old.name, old.home, "", number, reason))
        self.changes.left.sort(key=lambda one: one.home)

    def _households(
        self,
        goes_to: Mapping[HomeKey, Mapping[HomeKey, None]],
        comes_from: Mapping[HomeKey, Mapping[HomeKey, None]],
    ) -> None:
        now = {key_of(home): home for home in self.roster.households if home.village_code and home.members}
        then = {one.home: one.head for one in self.before.values()}

        def is_gone(key: HomeKey) -> bool:
            return key not in now and key[0] in self.covered and key not in self.homes_of_held

        for key, head in then.items():
            one = now.get(key)
            if one is not None and head and one.head and one.head != head and key not in self.renamed_heads:
                self.changes.heads.append((key, head, one.head))
            if is_gone(key):
                self.changes.gone.append(key)
            # Who marries into a new household of another village splits none.
            parts = tuple(part for part in goes_to.get(key, ()) if part[0] == key[0])
            if len(parts) > 1 and any(part not in then for part in parts):
                self.changes.split.append((key, parts))
        for key, sources in comes_from.items():
            if len(sources) > 1 and any(map(is_gone, sources)):
                self.changes.merged.append((tuple(sources), key))


def key_of(home: Household) -> HomeKey:
    """What names a household: village, group, number."""
    return home.village_code, home.group, home.number


def turned_over(before: Mapping[str, Before], limits: Collection[int], today: date) -> Counter[str]:
    """Who grew older than one of the limits since the import before: identity number → age now."""
    found: Counter[str] = Counter()
    for number, old in before.items():
        if not isinstance(old.born, str):
            continue
        birth = date.fromisoformat(old.born)
        now, then = age_on(birth, today), age_on(birth, old.since)
        if any(then <= limit < now for limit in limits):
            found[number] = now
    return found


def _traces_of(
    number: str, name: str, birth: date | object | None, home: HomeKey
) -> Iterator[tuple[object, ...]]:
    """By any of these someone held back, or said to be gone, is the person who was there before."""
    if number:
        yield ("id", number)
    if name:
        yield ("home", name, *home)
        if birth:
            yield ("birth", name, home[0], str(birth))
