"""Use cases that read the audit trail."""

from app.access.principal import Principal
from app.audit.commands import AuditFilter
from app.audit.policy import AuditPermission
from app.audit.queries import AuditQueries
from app.audit.views import AuditEventView
from app.events.audit import AuditRecorder
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession


class AuditReader:
    """Reads the audit trail for a principal, and records each read in it."""

    def __init__(self, reads: ReadSession, principal: Principal, audit: AuditRecorder) -> None:
        self._queries = AuditQueries(reads)
        self._principal = principal
        self._audit = audit

    async def page(self, wanted: AuditFilter, after: Position | None, limit: int) -> Slice[AuditEventView]:
        """A page, newest rows first. Raises ``Unauthenticated``, ``InsufficientPermissions``."""
        self._principal.require(AuditPermission.READ)
        self._audit.record("audit.read", None, wanted.given())
        return await self._queries.page(wanted, after, limit)
