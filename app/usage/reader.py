"""Use cases that read usage on behalf of a user."""

from datetime import date, timedelta
from typing import Final

from app.access.principal import Principal
from app.kit.clock import utc_now
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession
from app.usage.commands import UsageFilter
from app.usage.evidence_reader import EvidenceReader
from app.usage.policy import UsagePermission
from app.usage.queries import EvidenceQueries, UsageQueries
from app.usage.successors import Successors
from app.usage.views import UsageDayView, UsedOperationView

_DEFAULT_PERIOD: Final = timedelta(days=30)


class UsageReader:
    """Reads the usage of the caller's user, with all keys."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._queries = UsageQueries(reads)
        self._principal = principal

    async def page(self, wanted: UsageFilter, after: Position | None, limit: int) -> Slice[UsageDayView]:
        """Days, newest first. Raises ``Unauthenticated``, ``InsufficientPermissions``."""
        self._principal.require(UsagePermission.READ)
        found = await self._queries.page(self._principal.signed_in().user_id, wanted, after, limit)
        return Slice([UsageDayView.from_row(row) for row in found.items], found.next_position)


class UsedElementsReader:
    """Reads which elements of the contracts the caller's user uses, with all keys."""

    def __init__(self, reads: ReadSession, principal: Principal, evidence: EvidenceReader, known: Successors) -> None:
        self._queries = EvidenceQueries(reads)
        self._principal = principal
        self._evidence = evidence
        self._successors = known

    async def page(self, wanted: UsageFilter, after: Position | None, limit: int) -> Slice[UsedOperationView]:
        """Operations by version and name. Raises ``Unauthenticated``, ``InsufficientPermissions``."""
        self._principal.require(UsagePermission.READ)
        consumers = await self._queries.of_user(self._principal.signed_in().user_id, wanted.key_uid)
        since = wanted.since or utc_now().date() - _DEFAULT_PERIOD
        found = await self._evidence.operations(consumers, since, wanted.until or date.max)
        left = [used for used in found if after is None or (used["version"], used["operation"]) > tuple(after)]
        views = [self._successors.describe(used) for used in left[:limit]]
        more = len(left) > limit
        return Slice(views, (views[-1].api_version, views[-1].operation) if more else None)
