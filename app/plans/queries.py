"""Reads of the plans feature."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select

from app.kit.db.sessions import ReadSession
from app.kit.db.statements import Read
from app.models import Plan
from app.plans.views import PlanView

_PLANS: Final = Read(select(*Plan.__table__.columns).order_by(Plan.name))


class PlanQueries:
    """Reads plans."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def all(self) -> Sequence[PlanView]:
        """Every plan, also retired ones, by name."""
        return [PlanView.from_row(row) for row in await self._reads.all(_PLANS)]
