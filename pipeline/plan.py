"""Who is offered which contract, from when to when: a household in, offers and waits out; no I/O.

The rules are the manifests'; what is a couple and what makes an offer wait is here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date

from pipeline import facts
from pipeline.bodies import Body
from pipeline.manifest import Manifest
from pipeline.people import FEMALE, HEAD, MALE, MARRIED, Household, Person, kin

PAIRS = ((HEAD, "配偶"), ("父亲", "母亲"), ("儿子", "儿媳"), ("女儿", "女婿"))


@dataclass(frozen=True, slots=True)
class Offer:
    """A party that is to be offered a template for a term, worked out for `day`; a couple's husband first.

    A body's `household` has no more than its village and who looks after that.
    """

    manifest: Manifest
    household: Household
    parties: tuple[Person | Body, ...]
    day: date
    starts: date
    ends: date | None
    clauses: tuple[str, ...]

    @property
    def party_key(self) -> str:
        """Names the party within a campaign and template: what has a number keeps it by this."""
        return _party_key(self.manifest, self.household, self.parties)


@dataclass(frozen=True, slots=True)
class Wait:
    """A party that would be offered a template but cannot be yet, and why, for a person to settle."""

    manifest: Manifest
    household: Household
    people: tuple[Person, ...]
    reason: str

    @property
    def party(self) -> str:
        """Whom it concerns, by name."""
        return "、".join(person.name for person in self.people) or self.household.head

    @property
    def party_key(self) -> str:
        """As an offer's; "" where an identity number is another person's, too, and so names nobody."""
        if any(person.held == "duplicate_person" for person in self.people):
            return ""
        return _party_key(self.manifest, self.household, self.people)


def household_key(household: Household) -> str:
    """What names a household as a party: village, group and number."""
    return home_key(household.village_code, household.group, household.number)


def home_key(village: str, group: int, number: str) -> str:
    """The same of its three parts."""
    return f"{village}/{group}/{number}"


def names_of(household: Household) -> list[str]:
    """Whatever names the household or someone of it as a party, alone or in a couple."""
    return [household_key(household), *(person.id_number for person in household.members)]


def _party_key(manifest: Manifest, household: Household, parties: Sequence[Person | Body]) -> str:
    if manifest.scope == "household":
        return household_key(household)
    return "+".join(party.key if isinstance(party, Body) else party.id_number for party in parties)


def order_of(offer: Offer) -> tuple[int, tuple[int, str], str]:
    """The order numbers are given in: group, household number, the first party's identity number.

    Bodies keep the order they are named in.
    """
    return offer.household.group, number_order(offer.household.number), offer.parties[0].id_number


def number_order(household_number: str) -> tuple[int, str]:
    """Household numbers in order: by the number they begin with (those without one last), then as text."""
    digits = re.match(r"\d+", household_number)
    return int(digits[0]) if digits else 10**9, household_number


def offers(
    household: Household, manifests: Iterable[Manifest], day: date, newly_married: Set[str]
) -> list[Offer | Wait]:
    """All that a household and its people are to be offered on `day`; what is a body's is not theirs.

    `newly_married`: identity numbers of who is married now and was not in last year's roster.
    """
    found: list[Offer | Wait] = []
    for manifest in manifests:
        match manifest.scope:
            case "household":
                found += _household_offer(household, manifest, day)
            case "couple":
                found += _couple_offers(household, manifest, day, newly_married)
            case "person":
                found += _person_offers(household, manifest, day)
            case "village" | "unit":
                pass
    return found


def body_offers(
    village: str,
    responsible: str,
    bodies: Mapping[str, Sequence[Body]],
    manifests: Iterable[Manifest],
    day: date,
) -> list[Offer]:
    """All that a village's bodies are to be offered on `day`; `bodies` by the scope that is for them."""
    nowhere = Household(village, 0, "", "", responsible, ())
    return [
        _offer(manifest, nowhere, (body,), day, {})
        for manifest in manifests
        for body in bodies.get(manifest.scope, ())
    ]


def _household_offer(household: Household, manifest: Manifest, day: date) -> list[Offer | Wait]:
    known = facts.household_facts(household, day)
    if not facts.holds(manifest.who, known):
        return []
    head = next((person for person in household.members if kin(person.relation) == HEAD), None)
    if head is None:
        return [Wait(manifest, household, (), "花名册上这一户没有标明户主")]
    if head.held:
        return [Wait(manifest, household, (head,), "户主的资料有误，改正后才能安排")]
    return [_offer(manifest, household, (head,), day, known)]


def _person_offers(household: Household, manifest: Manifest, day: date) -> list[Offer | Wait]:
    found: list[Offer | Wait] = []
    for person in household.members:
        known = facts.person_facts(person, day)
        if not facts.holds(manifest.who, known):
            continue
        if person.held:
            found.append(Wait(manifest, household, (person,), "本人的资料有误，改正后才能安排"))
        elif manifest.term.kind == "away" and not person.away_readable:
            found.append(Wait(manifest, household, (person,), "外出起止日期看不懂，改正后才能安排"))
        else:
            found.append(_offer(manifest, household, (person,), day, known))
    return found


def _couple_offers(
    household: Household, manifest: Manifest, day: date, newly_married: Set[str]
) -> list[Offer | Wait]:
    found: list[Offer | Wait] = []
    for one, other in PAIRS:
        ones = [person for person in household.members if kin(person.relation) == one]
        others = [person for person in household.members if kin(person.relation) == other]
        couples = [
            (husband, wife, known)
            for husband, wife in _couples(ones, others)
            if facts.holds(
                manifest.who,
                known := facts.couple_facts(
                    husband, wife, day, not newly_married.isdisjoint((husband.id_number, wife.id_number))
                ),
            )
        ]
        if not couples:
            continue
        husband, wife, known = couples[0]
        if len(ones) > 1 or len(others) > 1:
            reason = f"这一户的{one}或{other}不止一人，谁与谁是夫妻要由人确认"
            found.append(Wait(manifest, household, (husband, wife), reason))
        elif husband.held or wife.held:
            found.append(Wait(manifest, household, (husband, wife), "夫妻一方的资料有误，改正后才能安排"))
        else:
            found.append(_offer(manifest, household, (husband, wife), day, known))
    return found


def _couples(ones: Sequence[Person], others: Sequence[Person]) -> Iterable[tuple[Person, Person]]:
    """Every husband and wife that the persons of two relations could be."""
    for one in ones:
        for other in others:
            if {one.sex, other.sex} == {MALE, FEMALE} and one.marital == other.marital == MARRIED:
                yield (one, other) if one.sex == MALE else (other, one)


def _offer(
    manifest: Manifest,
    household: Household,
    parties: tuple[Person | Body, ...],
    day: date,
    known: dict[str, facts.Fact],
) -> Offer:
    first = parties[0]
    starts, ends = facts.term_of(manifest.term, day, None if isinstance(first, Body) else first)
    clauses = tuple(facts.clauses_that_hold(manifest, known))
    return Offer(manifest, household, parties, day, starts, ends, clauses)
