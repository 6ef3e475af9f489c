"""The villages that a command is confined to, as commands take them."""

from collections.abc import Sequence

import click
import polars as pl

from archive.search_names import Names
from pipeline.divisions import Divisions

VILLAGES = click.option(
    "--village", "villages", multiple=True, metavar="村", help="只要一个村的：村名或代码；可以写几次。"
)


def village_codes(names: Names, villages: Sequence[str]) -> list[str]:
    """The codes of villages as they are written. Raises VillageUnknown, VillageAmbiguous."""
    divisions = Divisions(names.divisions)
    return sorted({divisions.find_village(one) for one in villages})


def of_villages(names: Names, villages: Sequence[str]) -> pl.Expr:
    """Whether a row's `village` is one of these, all where none is written. Raises as village_codes."""
    if not villages:
        return pl.lit(True)
    return pl.col("village").cast(pl.String).is_in(village_codes(names, villages))
