"""Reads of the audit trail."""

from dataclasses import fields
from functools import cache
from typing import Final

from sqlalchemy import ColumnElement, bindparam, or_, select

from app.audit.commands import AuditFilter
from app.audit.views import AuditEventView
from app.kit.db.keyset import Position, Slice, apply_keyset, bind_params, page_from_rows
from app.kit.db.sessions import ReadSession
from app.kit.db.statements import Read
from app.models import AuditEvent

_ACTOR: Final = bindparam("actor", type_=AuditEvent.uid.type)
_CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {
    "actor": or_(AuditEvent.actor == _ACTOR, AuditEvent.on_behalf == _ACTOR),
    "target": AuditEvent.target == bindparam("target", type_=AuditEvent.action.type),
    "action": AuditEvent.action == bindparam("action", type_=AuditEvent.action.type),
    "outcome": AuditEvent.outcome == bindparam("outcome", type_=AuditEvent.action.type),
    "since": AuditEvent.at >= bindparam("since", type_=AuditEvent.at.type),
    "until": AuditEvent.at < bindparam("until", type_=AuditEvent.at.type),
}
_NEWEST_FIRST: Final = ((AuditEvent.at, True), (AuditEvent.uid, True))


@cache
def _page(names: frozenset[str], *, after: bool) -> Read:
    """The statement of a page with these filters."""
    columns = (getattr(AuditEvent, field.name) for field in fields(AuditEventView))
    statement = select(*columns).where(*(_CONDITIONS[name] for name in sorted(names)))
    return Read(apply_keyset(statement, _NEWEST_FIRST, after=after))


class AuditQueries:
    """Reads the audit trail, with one statement for each page."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def page(self, wanted: AuditFilter, after: Position | None, limit: int) -> Slice[AuditEventView]:
        """The newest rows first."""
        values = wanted.given()
        read = _page(frozenset(values), after=after is not None)
        rows = await self._reads.all(read, limit=limit + 1, **values, **bind_params(after))
        views = [AuditEventView.from_row(row) for row in rows]
        return page_from_rows(views, limit, lambda view: (view.at, str(view.uid)))
