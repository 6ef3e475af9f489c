"""Office workbooks read into households, persons and problems."""

from pipeline.roster.output import roster_json
from pipeline.roster.problems import Problem
from pipeline.roster.reader import Roster, read_rosters

__all__ = ["Problem", "Roster", "read_rosters", "roster_json"]
