"""Maintenance of the partitions of the audit trail."""

from sqlalchemy import func, select

from app.kit.db.sessions import WriteSession


class AuditRepository:
    """Calls the functions of the tables' owner: the role of the application may neither create nor drop a table."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def maintain_partitions(self) -> tuple[int, int]:
        """Create the partitions of the next 12 months, drop those older than 400 days, and return both numbers."""
        row = await self._session.execute(select(func.create_audit_partitions(), func.drop_audit_partitions()))
        created, dropped = row.one()
        return created, dropped
