"""Keyset pagination: a page continues after the sort keys of the last row, so each page costs the same.

Offset pages become slower with the offset, and skip or repeat rows during concurrent writes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, tuple_
from sqlalchemy.orm import InstrumentedAttribute

T = TypeVar("T")
KeyValue = int | float | str | datetime | None
Position = tuple[KeyValue, ...]
"""The sort keys of one row, the unique one last."""


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """One page. ``next_position`` is None on the last page."""

    items: list[T]
    next_position: Position | None

    @property
    def has_more(self) -> bool:
        """Whether another page follows."""
        return self.next_position is not None


Column = InstrumentedAttribute[Any] | ColumnElement[Any]


def apply_keyset(
    statement: Select[*tuple[Any, ...]], keys: Sequence[tuple[Column, bool]], *, after: bool
) -> Select[*tuple[Any, ...]]:
    """Sort by ``keys`` (column, descending) and, with ``after``, start after the parameters ``after_0, after_1 ...``.

    The last key must be unique and not null. A null is larger than every value, as in PostgreSQL's order. Pass
    ``limit`` as one row more than the page.
    """
    if after:
        statement = statement.where(_after(keys))
    order = [column.desc() if descending else column.asc() for column, descending in keys]
    return statement.order_by(*order).limit(bindparam("limit"))


def bind_params(position: Position | None) -> dict[str, KeyValue]:
    """The parameters of a statement of ``apply_keyset(after=True)``."""
    return {f"after_{index}": value for index, value in enumerate(position or ())}


def _after(keys: Sequence[tuple[Column, bool]]) -> ColumnElement[bool]:
    bounds = [bindparam(f"after_{index}", type_=column.type) for index, (column, _) in enumerate(keys)]
    columns = [column for column, _ in keys]
    directions = {descending for _, descending in keys}
    if len(directions) == 1 and not any(_is_nullable(column) for column in columns):
        # PostgreSQL uses a row value as one index condition, which the expansion below is not.
        row, bound = tuple_(*columns), tuple_(*bounds)
        return row < bound if directions.pop() else row > bound
    alternatives = []
    for index, (column, descending) in enumerate(keys):
        equal = [_equals(columns[earlier], bounds[earlier]) for earlier in range(index)]
        alternatives.append(and_(*equal, _follows(column, bounds[index], descending=descending)))
    return or_(*alternatives)


def _is_nullable(column: Column) -> bool:
    return isinstance(column, InstrumentedAttribute) and bool(column.property.columns[0].nullable)


def _equals(column: Column, bound: ColumnElement[Any]) -> ColumnElement[bool]:
    return column.is_not_distinct_from(bound) if _is_nullable(column) else column == bound


def _follows(column: Column, bound: ColumnElement[Any], *, descending: bool) -> ColumnElement[bool]:
    follows = column < bound if descending else column > bound
    if not _is_nullable(column):
        return follows
    smaller, larger = (column, bound) if descending else (bound, column)
    return or_(follows, and_(larger.is_(None), smaller.is_not(None)))


def page_from_rows(rows: list[T], limit: int, position: Callable[[T], Position]) -> Slice[T]:
    """A page of ``limit`` rows from up to ``limit + 1`` rows; the extra row shows that another page follows."""
    if len(rows) > limit:
        return Slice(rows[:limit], position(rows[limit - 1]))
    return Slice(rows, None)
