"""Reads of the audit trail.

Each filter but the times has an index. With several filters, a page reads at most ``SCANNED`` rows of one index and
omits rows that the other filters reject. Such a page can be short or empty although more rows follow.
"""

from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, func, literal, or_, select, true, union_all

from app.audit.commands import AuditFilter
from app.audit.views import AuditEventView
from app.kit.db.keyset import Position, Slice, apply_keyset, bind_params, page_from_rows
from app.kit.db.sessions import ReadSession
from app.kit.db.statements import Read
from app.models import AuditEvent

SCANNED: Final = 1_000
"""The number of rows that a page reads at most if it has several filters."""
_ACTOR: Final = bindparam("actor", type_=AuditEvent.uid.type)
_OF_ACTOR: Final = (
    AuditEvent.actor == _ACTOR,
    and_(AuditEvent.on_behalf == _ACTOR, AuditEvent.actor.is_distinct_from(_ACTOR)),
)
"""The acts of a user, in parts without a common row. Each part is read in order from an index of its own."""
_INDEXED: Final = ("actor", "target", "action", "outcome")
"""Filters with an index, those first that usually select fewer rows."""
_TIMES: Final = {"since", "until"}
_CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {
    # Without ``actor``, which is always the first filter: its parts are ``_OF_ACTOR``.
    "target": AuditEvent.target == bindparam("target", type_=AuditEvent.action.type),
    "action": AuditEvent.action == bindparam("action", type_=AuditEvent.action.type),
    "outcome": AuditEvent.outcome == bindparam("outcome", type_=AuditEvent.action.type),
    "since": AuditEvent.at >= bindparam("since", type_=AuditEvent.at.type),
    "until": AuditEvent.at < bindparam("until", type_=AuditEvent.at.type),
}
_COLUMNS: Final = tuple(getattr(AuditEvent, field.name) for field in fields(AuditEventView))
_NEWEST_FIRST: Final = ((AuditEvent.at, True), (AuditEvent.uid, True))


@cache
def _page(names: frozenset[str], *, after: bool) -> Read:
    """The statement of a page with these filters; its row ``SCANNED`` is the last one that was read."""
    first = next((name for name in _INDEXED if name in names), None)
    others = sorted(names - _TIMES - {first})
    wanted = and_(true(), *(_CONDITIONS[name] for name in others)).label("wanted")
    statement = select(*_COLUMNS, wanted).where(*(_CONDITIONS[name] for name in sorted(names & _TIMES)))
    limit: Any = SCANNED if others else bindparam("limit")
    parts = [
        apply_keyset(statement.where(condition), _NEWEST_FIRST, after=after).limit(limit).subquery()
        for condition in _parts(first)
    ]
    merged = union_all(*(select(part) for part in parts)).subquery()
    order = (merged.c.at.desc(), merged.c.uid.desc())
    if not others:
        return Read(select(merged, literal(0).label("number")).order_by(*order).limit(limit))
    scan = select(merged, func.row_number().over(order_by=order).label("number")).order_by(*order).limit(limit)
    rows = scan.subquery()
    found = select(rows).where(or_(rows.c.wanted, rows.c.number == SCANNED))
    return Read(found.order_by(rows.c.number).limit(bindparam("limit")))


def _parts(name: str | None) -> Sequence[ColumnElement[bool]]:
    """The conditions of a filter, whose rows together are those of the filter."""
    if name is None:
        return (true(),)
    return _OF_ACTOR if name == "actor" else (_CONDITIONS[name],)


class AuditQueries:
    """Reads the audit trail, with one statement for each page."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def page(self, wanted: AuditFilter, after: Position | None, limit: int) -> Slice[AuditEventView]:
        """The newest rows first. A page with few rows can have a next one."""
        values = wanted.given()
        read = _page(frozenset(values), after=after is not None)
        rows = await self._reads.all(read, limit=limit + 1, **values, **bind_params(after))
        views = [AuditEventView.from_row(row) for row in rows if row["wanted"]]
        found = page_from_rows(views, limit, _position)
        if found.next_position is None and rows and rows[-1]["number"] == SCANNED:
            return Slice(found.items, _position(AuditEventView.from_row(rows[-1])))
        return found


def _position(view: AuditEventView) -> Position:
    return view.at, str(view.uid)
