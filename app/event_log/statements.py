"""Statements of the log of events, sorted by position."""

from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    SmallInteger,
    Text,
    and_,
    bindparam,
    column,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)

from app.events.audience import Audience
from app.events.statements import COLUMNS, HIGHEST
from app.kit.db.keyset import apply_keyset
from app.kit.db.statements import Read
from app.models import Event

_USER: Final = bindparam("user", type_=Event.uid.type)
_PUBLIC: Final = Event.audience == Audience.PUBLIC.value
_OWNER: Final = Event.audience == Audience.OWNER.value
_VISIBLE: Final[tuple[ColumnElement[bool], ...]] = (
    _PUBLIC,
    and_(_OWNER, Event.owner_uid == _USER),
    and_(_OWNER, Event.counterparty_uid == _USER, Event.owner_uid.is_distinct_from(_USER)),
)
"""What a user may read, in parts without a common row. Each part is read in order from an index of its own."""
_BY_POSITION: Final = ((Event.position, False),)
_WANTED: Final = (
    func.unnest(bindparam("types", type_=ARRAY(Text())), bindparam("schemas", type_=ARRAY(SmallInteger())))
    .table_valued(column("type", Text()), column("schema", SmallInteger()), name="wanted")
    .render_derived()
)
_KNOWN: Final = tuple_(Event.type, Event.schema).in_(select(_WANTED.c.type, _WANTED.c.schema))
_UID: Final = bindparam("uid", type_=Event.uid.type)
NEWEST: Final = Read(select(HIGHEST))
NEWEST_OF_TYPES: Final = Read(
    select(Event.type, func.max(Event.position).label("position"))
    .where(Event.position > bindparam("after", type_=Event.position.type))
    .group_by(Event.type)
)
AFTER: Final = Read(
    select(*COLUMNS)
    .where(Event.position > bindparam("after", type_=Event.position.type))
    .order_by(Event.position)
    .limit(bindparam("limit"))
)
GET: Final = Read(select(*COLUMNS).where(Event.uid == _UID, Event.position.is_not(None)))

_OLDEST: Final = select(Event.uid).where(Event.position.is_not(None)).order_by(Event.position).limit(1)
IS_DELETED: Final = Read(select(_OLDEST.scalar_subquery() > _UID))


@cache
def page(*, everything: bool, after: bool) -> Read:
    """The statement of a page: of all events, or of the events that a user may read.

    It reads the log in its order, which is cheap as long as most events are wanted.
    """
    if everything:
        return Read(_part(None, after=after))
    parts = union_all(*(select(_part(condition, after=after).subquery()) for condition in _VISIBLE)).subquery()
    return Read(select(parts).order_by(parts.c.position).limit(bindparam("limit")))


@cache
def page_of_types(*, everything: bool, after: bool) -> Read:
    """The same page, for which each type is read from an index: types can be rare or absent in the log."""
    conditions = [Event.audience == audience.value for audience in Audience] if everything else _VISIBLE
    parts = union_all(*(_positions(condition, after=after) for condition in conditions)).subquery()
    wanted = select(parts.c.position).order_by(parts.c.position).limit(bindparam("limit")).subquery()
    found = select(*COLUMNS).join(wanted, Event.position == wanted.c.position)
    return Read(found.where(Event.position.is_not(None)).order_by(Event.position))


def _positions(condition: ColumnElement[bool], *, after: bool) -> Select[Any]:
    """Positions of each wanted type.

    Comparisons of rows, and the order that they have in the index, leave PostgreSQL no other plan. With a condition
    ``type = :type`` it may read the log in its order, and every row of it for a type that is absent.
    """
    order = tuple_(Event.type, Event.schema, Event.position)
    start = bindparam("after_0", type_=Event.position.type) if after else literal(0, Event.position.type)
    of_type = select(Event.position).where(
        condition,
        Event.position.is_not(None),
        order > tuple_(_WANTED.c.type, _WANTED.c.schema, start),
        tuple_(Event.type, Event.schema) <= tuple_(_WANTED.c.type, _WANTED.c.schema),
    )
    first = of_type.order_by(Event.type, Event.schema, Event.position).limit(bindparam("limit")).lateral()
    return select(first.c.position).select_from(_WANTED.join(first, true()))


def _part(condition: ColumnElement[bool] | None, *, after: bool) -> Select[Any]:
    found = select(*COLUMNS).where(Event.position.is_not(None), _KNOWN)
    if condition is not None:
        found = found.where(condition)
    return apply_keyset(found, _BY_POSITION, after=after)
