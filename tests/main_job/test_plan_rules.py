"""Who is offered what: the manifests' rules and the letter of the domain, on the campaign's date."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import facts
from pipeline.manifest import Term
from pipeline.people import Household, Person, age_on
from pipeline.plan import Offer, Wait, number_order, offers, order_of
from pipeline.stock import stock_templates

DAY = date(2026, 3, 1)
MANIFESTS = [template.manifest for template in stock_templates()]


def person(
    relation: str = "户主",
    sex: str = "男",
    birth: date = date(1970, 1, 1),
    marital: str = "未婚",
    number: str = "",
    **more: object,
) -> Person:
    sound = Person(
        name=f"某{relation}",
        sex=sex,
        birth=birth,
        id_number=number or f"{relation}{sex}{birth}",
        relation=relation,
        phone="",
        marital=marital,
        away_to="",
        away_from=None,
        away_until=None,
        away_readable=True,
        wants_service=False,
        wants_pension=False,
        wants_choice=False,
    )
    return replace(sound, **more)  # type: ignore[arg-type]


def home(*members: Person, number: str = "0001") -> Household:
    return Household("451225100001", 3, number, "某户主", "覃示范", members)


def found(*members: Person, newly: frozenset[str] = frozenset()) -> dict[str, list[Offer | Wait]]:
    result: dict[str, list[Offer | Wait]] = {}
    for one in offers(home(*members), MANIFESTS, DAY, newly):
        result.setdefault(one.manifest.name, []).append(one)
    return result


def names(*members: Person) -> set[str]:
    return set(found(*members)) - {"household_responsibility"}


def people(offer: Offer) -> list[Person]:
    return [party for party in offer.parties if isinstance(party, Person)]


def test_every_household_is_offered_the_first_for_the_calendar_year() -> None:
    [offer] = found(person())["household_responsibility"]
    assert isinstance(offer, Offer)
    assert (offer.starts, offer.ends) == (date(2026, 1, 1), date(2026, 12, 31))
    assert people(offer)[0].relation == "户主"


def test_the_head_is_who_is_marked_so_not_the_first_row() -> None:
    [offer] = found(person("配偶"), person("户主"))["household_responsibility"]
    assert isinstance(offer, Offer)
    assert people(offer)[0].relation == "户主"


@pytest.mark.parametrize("members", [[person("儿子")], [person(held="id_missing")]])
def test_a_household_without_an_accepted_head_waits(members: list[Person]) -> None:
    [wait] = found(*members)["household_responsibility"]
    assert isinstance(wait, Wait)


@pytest.mark.parametrize(
    ("birth", "offered"),
    [
        (date(2006, 3, 1), True),  # twenty today
        (date(2006, 3, 2), False),
        (date(1976, 3, 2), True),  # forty-nine for one more day
        (date(1976, 3, 1), False),
    ],
)
def test_a_couple_is_offered_the_second_while_the_wife_is_20_to_49(birth: date, offered: bool) -> None:
    members = person(marital="已婚"), person("配偶", "女", birth, "已婚")
    assert ("family_planning" in names(*members)) is offered


@pytest.mark.parametrize(
    ("one", "other"), [("户主", "配偶"), ("父亲", "母亲"), ("儿子", "儿媳"), ("女儿", "女婿")]
)
def test_these_relations_make_a_couple_whose_husband_comes_first(one: str, other: str) -> None:
    sexes = ("女", "男") if one == "女儿" else ("男", "女")
    pair = [person(r, s, date(1990, 1, 1), "已婚") for r, s in zip((one, other), sexes, strict=True)]
    others = [] if one == "户主" else [person()]
    [offer] = found(*others, *pair)["family_planning"]
    assert isinstance(offer, Offer)
    assert [party.sex for party in people(offer)] == ["男", "女"]
    assert (offer.starts, offer.ends) == (DAY, date(2029, 2, 28))


def test_no_couple_without_two_sexes_or_two_marriages() -> None:
    husband, wife = person(marital="已婚"), person("配偶", "女", date(1990, 1, 1), "已婚")
    assert "family_planning" not in names(husband, replace(wife, sex="男"))
    assert "family_planning" not in names(husband, replace(wife, marital="离婚"))
    assert "family_planning" not in names(replace(husband, marital="丧偶"), wife)


def test_who_belongs_together_among_several_cannot_be_known_and_waits_once() -> None:
    sons = [person("儿子", "男", date(1990, 1, n), "已婚") for n in (1, 2)]
    wife = person("儿媳", "女", date(1992, 1, 1), "已婚")
    [wait] = found(person(), *sons, wife)["family_planning"]
    assert isinstance(wait, Wait)
    assert "不止一人" in wait.reason
    held_brother = [sons[0], replace(sons[1], held="id_missing")]
    assert isinstance(found(person(), *held_brother, wife)["family_planning"][0], Wait)


def test_a_held_spouse_makes_the_couple_wait_and_nobody_else() -> None:
    members = (
        person(marital="已婚", wants_pension=True),
        person("配偶", "女", date(1990, 1, 1), "已婚", held="id_length"),
    )
    result = found(*members)
    assert isinstance(result["family_planning"][0], Wait)
    assert isinstance(result["pension_insurance"][0], Offer)


@pytest.mark.parametrize(
    ("wish", "template", "oldest"),
    [
        ("wants_service", "contraception_service", 49),
        ("wants_pension", "pension_insurance", 59),
        ("wants_choice", "informed_choice", 49),
    ],
)
def test_wishes_are_offered_to_adults_up_to_an_age(wish: str, template: str, oldest: int) -> None:
    def at(age: int, day: int) -> Person:
        return replace(person("女儿", "女", date(2026 - age, 3, day)), **{wish: True})  # type: ignore[arg-type]

    assert names(at(18, 1)) == {template}
    assert names(at(18, 2)) == set()
    assert names(at(oldest + 1, 2)) == {template}
    assert names(at(oldest + 1, 1)) == set()
    assert names(person("女儿", "女", date(1990, 1, 1))) == set()


def test_terms_end_on_the_day_before_and_pension_has_none() -> None:
    wishes = person(wants_service=True, wants_pension=True, wants_choice=True, birth=date(1990, 1, 1))
    ends = {name: one.ends for name, [one] in found(wishes).items() if isinstance(one, Offer)}
    assert ends["contraception_service"] == date(2027, 2, 28)
    assert ends["informed_choice"] == date(2029, 2, 28)
    assert ends["pension_insurance"] is None


@pytest.mark.parametrize(
    ("start", "until", "term"),
    [
        (None, None, (DAY, date(2027, 2, 28))),
        (date(2025, 6, 1), None, (DAY, date(2027, 2, 28))),
        (date(2026, 9, 1), None, (date(2026, 9, 1), date(2027, 8, 31))),
        (date(2026, 12, 31), date(2027, 6, 30), (date(2026, 12, 31), date(2027, 6, 30))),
        (date(2025, 6, 1), DAY, (DAY, DAY)),
        (date(2025, 6, 1), date(2026, 2, 28), None),
        (date(2027, 1, 1), None, None),
        (date(2026, 4, 1), date(2026, 5, 1), (date(2026, 4, 1), date(2026, 5, 1))),
        (date(2026, 4, 1), date(2026, 4, 30), None),
        (None, date(2026, 3, 31), (DAY, date(2026, 3, 31))),
        (None, date(2026, 3, 30), None),
    ],
)
def test_who_is_away(start: date | None, until: date | None, term: tuple[date, date] | None) -> None:
    away = person(birth=date(1990, 1, 1), away_to="南宁市江南区", away_from=start, away_until=until)
    result = found(away).get("away_period", [])
    assert [(one.starts, one.ends) for one in result if isinstance(one, Offer)] == ([term] if term else [])
    assert "away_period" not in names(replace(away, away_to=""))


def test_a_stay_with_a_date_that_cannot_be_read_waits() -> None:
    away = person(birth=date(1990, 1, 1), away_to="南宁市", away_readable=False)
    assert isinstance(found(away)["away_period"][0], Wait)


def test_optional_clauses_follow_the_household() -> None:
    def clauses(*members: Person, template: str = "household_responsibility") -> tuple[str, ...]:
        [one] = found(*members, newly=frozenset({"新"}))[template]
        assert isinstance(one, Offer)
        return one.clauses

    assert clauses(person()) == ()
    assert clauses(person(), person("孙子", birth=date(2023, 3, 2))) == ("child_under_three",)
    assert clauses(person(), person("孙子", birth=date(2023, 3, 1))) == ()
    assert clauses(person(birth=date(1966, 3, 1))) == ("member_over_sixty",)
    assert clauses(person(birth=date(1966, 3, 2))) == ()
    away = person(birth=date(1990, 1, 1), away_to="南宁市")
    assert clauses(away, template="away_period") == ("open_stay",)
    assert clauses(replace(away, away_until=date(2027, 1, 1)), template="away_period") == ()
    wife = person("配偶", "女", date(2000, 1, 1), "已婚")
    assert clauses(person(marital="已婚"), wife, template="family_planning") == ()
    newly = clauses(person(marital="已婚"), replace(wife, id_number="新"), template="family_planning")
    assert newly == ("newly_married",)


def test_a_held_persons_wish_waits() -> None:
    [wait] = found(person("女儿", "女", date(1990, 1, 1), wants_choice=True, held="id_checksum"))[
        "informed_choice"
    ]
    assert isinstance(wait, Wait)


def test_numbers_go_by_group_then_household_number_as_a_number_then_identity_number() -> None:
    written = ["10", "9", "0009", "9-2", "甲3", ""]
    assert sorted(written, key=number_order) == ["0009", "9", "9-2", "10", "", "甲3"]
    one, other = (
        Offer(MANIFESTS[2], home(person(), number="7"), (person(number=number),), DAY, DAY, None, ())
        for number in "21"
    )
    assert order_of(other) < order_of(one)


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.integers(0, 110))
def test_a_birthday_makes_a_year_older_and_the_day_before_does_not(birth: date, years: int) -> None:
    birthday = facts.add_years(birth, years)
    assert age_on(birth, birthday) == years
    assert age_on(birth, birthday - timedelta(days=1)) == years - 1


@given(st.dates(date(2000, 1, 1), date(2100, 12, 31)), st.integers(1, 5))
def test_a_term_and_the_next_one_meet_without_a_gap(day: date, years: int) -> None:
    _, ends = facts.term_of(Term("years", years), day, None)
    assert ends is not None
    assert facts.years_less_a_day(day, years) == ends
    assert ends + timedelta(days=1) == facts.add_years(day, years)
