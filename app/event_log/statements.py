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
    func,
    select,
    tuple_,
    union_all,
)

from app.events.audience import Audience
from app.events.statements import COLUMNS
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
_TYPES: Final = func.unnest(bindparam("types", type_=ARRAY(Text())))
_SCHEMAS: Final = func.unnest(bindparam("schemas", type_=ARRAY(SmallInteger())))
_KNOWN: Final = tuple_(Event.type, Event.schema).in_(select(_TYPES, _SCHEMAS))
_UID: Final = bindparam("uid", type_=Event.uid.type)
GET: Final = Read(select(*COLUMNS).where(Event.uid == _UID, Event.position.is_not(None)))


@cache
def page(*, everything: bool, after: bool) -> Read:
    """The statement of a page: of all events, or of the events that a user may read."""
    if everything:
        return Read(_part(None, after=after))
    parts = union_all(*(select(_part(condition, after=after).subquery()) for condition in _VISIBLE)).subquery()
    return Read(select(parts).order_by(parts.c.position).limit(bindparam("limit")))


def _part(condition: ColumnElement[bool] | None, *, after: bool) -> Select[Any]:
    found = select(*COLUMNS).where(Event.position.is_not(None), _KNOWN)
    if condition is not None:
        found = found.where(condition)
    return apply_keyset(found, _BY_POSITION, after=after)
