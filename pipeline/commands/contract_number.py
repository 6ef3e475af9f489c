"""A contract's number as commands take it: with or without hyphens, in either case."""

from typing import Any

import click
from sqlalchemy import Connection, select

from archive.catalogue import tables
from archive.numbers import parse
from pipeline.errors import ContractUnknown, NumberUnreadable


class ContractNumber(click.ParamType[str]):
    """A contract number, given back with hyphens. Raises NumberUnreadable."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        number = parse(str(value))
        if number is None:
            raise NumberUnreadable(number=value)
        return str(number)


NUMBER = ContractNumber()


def find_number(connection: Connection, number: str) -> None:
    """Raise ContractUnknown unless the archive has this contract."""
    contract = tables.contract
    if connection.execute(select(contract.c.number).where(contract.c.number == number)).first() is None:
        raise ContractUnknown(number=number)
