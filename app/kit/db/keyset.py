"""Keyset pagination: continue after the last row seen, at the same price on every page.

Offset pages slow down as they go and skip or repeat rows while others write; a keyset page does neither.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, tuple_
from sqlalchemy.orm import InstrumentedAttribute

T = TypeVar("T")
KeyValue = int | float | str | datetime
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


def ordered(
    statement: Select[*tuple[Any, ...]], keys: Sequence[tuple[Column, bool]], *, after: bool
) -> Select[*tuple[Any, ...]]:
    """Sort by ``keys`` (column, descending) and, with ``after``, start behind the parameters ``after_0, after_1 ...``.

    The last key must be unique and none may be null. One row more than the page is asked for with ``limit``.
    """
    if after:
        statement = statement.where(_behind(keys))
    order = [column.desc() if descending else column.asc() for column, descending in keys]
    return statement.order_by(*order).limit(bindparam("limit"))


def parameters(position: Position | None) -> dict[str, KeyValue]:
    """The parameters that ``ordered(after=True)`` expects."""
    return {f"after_{index}": value for index, value in enumerate(position or ())}


def _behind(keys: Sequence[tuple[Column, bool]]) -> ColumnElement[bool]:
    bounds = [bindparam(f"after_{index}", type_=column.type) for index, (column, _) in enumerate(keys)]
    columns = [column for column, _ in keys]
    directions = {descending for _, descending in keys}
    if len(directions) == 1:
        # A row value is one index condition; the expansion below is not.
        row, bound = tuple_(*columns), tuple_(*bounds)
        return row < bound if directions.pop() else row > bound
    alternatives = []
    for index, (column, descending) in enumerate(keys):
        equal = [columns[earlier] == bounds[earlier] for earlier in range(index)]
        alternatives.append(and_(*equal, column < bounds[index] if descending else column > bounds[index]))
    return or_(*alternatives)


def cut(rows: list[T], limit: int, position: Callable[[T], Position]) -> Slice[T]:
    """A page of ``limit`` from up to ``limit + 1`` rows."""
    if len(rows) > limit:
        return Slice(rows[:limit], position(rows[limit - 1]))
    return Slice(rows, None)
