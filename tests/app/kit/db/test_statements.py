"""The arguments of compiled statements."""

import pytest
from sqlalchemy import bindparam, column, literal, select, table

from app.kit.db.statements import Read

_ROWS = select(table("rows", column("id"))).limit(bindparam("limit"))


def test_a_parameter_without_a_value_is_an_error() -> None:
    """PostgreSQL reads every row for ``LIMIT NULL``."""
    read = Read(_ROWS)
    assert read.arguments({"limit": 3}) == [3]
    for given in ({}, {"other": 1}):
        with pytest.raises(KeyError, match="limit"):
            read.arguments(given)


def test_a_value_in_the_statement_is_the_default() -> None:
    read = Read(select(literal(7).label("number")))
    (name,) = [name for name, _ in read._binders]
    assert read.arguments({}) == [7]
    assert read.arguments({name: 8}) == [8]
    assert Read(select(bindparam("maybe", None))).arguments({}) == [None]
