"""How many exports a user has at the same time."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from app.access.principal import Principal
from app.errors import RateLimited
from app.plans.catalogue import PlanCatalogue

_RETRY_SECONDS: Final = 5


class TooManyExports(RateLimited):
    code = "too_many_exports"
    detail = "Your plan allows no more exports at the same time. Wait until one has ended."


class ExportPlaces:
    """Counts the exports of this process, so that one slow reader does not occupy all connections for exports."""

    def __init__(self, plans: PlanCatalogue) -> None:
        self._plans = plans
        self._running: Counter[UUID] = Counter()

    @contextmanager
    def held(self, principal: Principal) -> Iterator[None]:
        """Count an export during the block. Raises ``TooManyExports``."""
        user = principal.signed_in().user_uid
        if self._running[user] >= self._plans.caps(principal.plan).exports:
            raise TooManyExports(retry_after=_RETRY_SECONDS, context={"policy": "exports"})
        self._running[user] += 1
        try:
            yield
        finally:
            self._running[user] -= 1
            if not self._running[user]:
                del self._running[user]
