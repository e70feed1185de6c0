"""Writes of the plans feature."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from app.kit.db.sessions import WriteSession
from app.models import Plan


class PlanRepository:
    """Plans in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def lock(self, name: str) -> Plan | None:
        """A plan. Its row is locked until the transaction ends."""
        found: Plan | None = await self._session.scalar(select(Plan).where(Plan.name == name).with_for_update())
        return found

    async def available(self, name: str) -> bool | None:
        """Whether keys can be put on a plan until the transaction ends; None if there is no such plan."""
        statement = select(Plan.retired_at).where(Plan.name == name).with_for_update(read=True)
        row = (await self._session.execute(statement)).first()
        return None if row is None else row.retired_at is None

    async def add(self, name: str, policies: Mapping[str, str], caps: Mapping[str, int], at: datetime) -> Plan:
        """Add a plan. ``caps`` has a value for each cap."""
        columns = {f"max_{cap}": value for cap, value in caps.items()}
        plan = Plan(name=name, policies=dict(policies), created_at=at, **columns)
        self._session.add(plan)
        return plan
