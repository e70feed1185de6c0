"""Rows that a transaction inserts with its last statement, in one round trip."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import FromClause
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

_DIALECT: Final = PGDialect_asyncpg()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
_PLACEHOLDER: Final = re.compile(r"\$(\d+)")
_WRITTEN: Final = "written"
"""The name of the statement that returns the result."""
_WRITTEN_ID: Final = f"(SELECT id FROM {_WRITTEN})"  # noqa: S608 - a constant


class WrittenId:
    """Stands for the id of the row that the statement of the same transaction writes."""


WRITTEN_ID: Final = WrittenId()


class InsertInto:
    """An ``INSERT`` of any number of rows with these columns."""

    def __init__(self, table: FromClause, *names: str) -> None:
        self.names = names
        self._head = f"INSERT INTO {table.description} ({', '.join(names)})"
        self._types = [table.c[name].type.compile(dialect=_DIALECT) for name in names]

    def render(self, rows: Sequence[Sequence[Any]], before: int, condition: str) -> tuple[str, list[Any]]:
        """The statement and its arguments, of which ``before`` others come first. Rows get their ids in their order."""
        arguments: list[Any] = []
        rendered = []
        for row in rows:
            values = []
            for kind, value in zip(self._types, row, strict=True):
                if value is WRITTEN_ID:
                    values.append(_WRITTEN_ID)
                else:
                    arguments.append(value)
                    values.append(f"${before + len(arguments)}::{kind}")
            rendered.append(f"({', '.join(values)})")
        selected = f"SELECT * FROM (VALUES {', '.join(rendered)}) AS new{condition}"  # noqa: S608 - names from the code
        return f"{self._head} {selected}", arguments


NewRow = tuple[InsertInto, Sequence[Any]]
Rows = Sequence[NewRow]


@dataclass(frozen=True, slots=True)
class Bound:
    """A compiled statement with its arguments.

    ``done`` is an SQL condition on the returned row: whether the statement made its change.
    """

    sql: str
    arguments: Sequence[Any]
    done: str = ""


def combined(rows: Rows, changed: Bound | None = None, written: Bound | None = None) -> Bound:
    """One statement that executes all of them, and returns what ``written`` returns.

    ``rows`` are inserted only if ``written`` returns a row, and that one fulfils its condition.
    """
    parts: list[str] = []
    arguments: list[Any] = []
    for name, bound in (("changed", changed), (_WRITTEN, written)):
        if bound is not None:
            parts.append(f"{name} AS ({_shifted(bound.sql, len(arguments))})")
            arguments += bound.arguments
    condition = (
        "" if written is None else f" WHERE EXISTS (SELECT FROM {_WRITTEN}{written.done and f' WHERE {written.done}'})"
    )
    tables: dict[InsertInto, list[Sequence[Any]]] = {}
    for insert, row in rows:
        tables.setdefault(insert, []).append(row)
    for number, (insert, group) in enumerate(tables.items()):
        text, values = insert.render(group, len(arguments), condition)
        parts.append(f"rows_{number} AS ({text})")
        arguments += values
    result = "SELECT 1" if written is None else f"SELECT * FROM {_WRITTEN}"  # noqa: S608 - a constant
    return Bound(f"WITH {', '.join(parts)} {result}", arguments)


def _shifted(sql: str, before: int) -> str:
    return _PLACEHOLDER.sub(lambda found: f"${int(found[1]) + before}", sql) if before else sql
