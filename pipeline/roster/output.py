"""A roster as the JSON of `huyue roster check`."""

from datetime import date
from typing import Any

from pipeline.people import Household, Person
from pipeline.roster.problems import Problem
from pipeline.roster.reader import Roster


def roster_json(roster: Roster) -> dict[str, Any]:
    """The interface's JSON value: accepted members only, identity numbers and phones in full.

    A household whose village could not be told has no members to show and is left to the problems.
    """
    return {
        "year": roster.year,
        "households": [_household(household) for household in roster.households if household.village_code],
        "problems": [_problem(problem) for problem in roster.problems],
    }


def _household(household: Household) -> dict[str, Any]:
    return {
        "village_code": household.village_code,
        "group": household.group,
        "number": household.number,
        "head": household.head,
        "responsible": household.responsible,
        "members": [_person(person) for person in household.accepted],
    }


def _person(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "sex": person.sex,
        "birth": _day(person.birth),
        "id_number": person.id_number,
        "relation": person.relation,
        "phone": person.phone,
        "marital": person.marital,
        "away_to": person.away_to,
        "away_from": _day(person.away_from),
        "away_until": _day(person.away_until),
        "wants_service": person.wants_service,
        "wants_pension": person.wants_pension,
        "wants_choice": person.wants_choice,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "sheet": problem.sheet,
        "row": problem.row,
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
    }


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
