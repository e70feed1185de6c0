"""Operations that transfer files: their limits, which are known before routing, and how many a process serves at once.

A transfer takes minutes. It would occupy the place of a request that takes milliseconds, so transfers have places of
their own.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from app.http.runtime import Component, Runtime
from app.http.slots import Slots
from app.http.transfer_metrics import DOWNLOAD, UPLOAD, TransferMetrics
from app.settings.http import HttpSettings

MAX_BODY: Final = "x-max-body"
"""The member of an operation's document that states the largest body in bytes, where it is not that of all others."""
MIN_RATE: Final = "x-min-rate"
"""The member that states the lowest rate in bytes a second; an operation that has it is a transfer."""
LOWEST_RATE: Final = 1000


@dataclass(frozen=True, slots=True)
class Transfer:
    """The largest body in bytes, ``None`` for that of all operations, and the lowest rate in bytes a second."""

    max_body: int | None = None
    min_rate: int = LOWEST_RATE

    @property
    def direction(self) -> str:
        """What the operation carries."""
        return DOWNLOAD if self.max_body is None else UPLOAD

    def document(self) -> dict[str, int]:
        """The members of the operation's document."""
        size = {} if self.max_body is None else {MAX_BODY: self.max_body}
        return {**size, MIN_RATE: self.min_rate}


FindTransfer = Callable[[str, str], Transfer | None]
"""The transfer at a method and a path within the version."""


def transfer_of(document: Mapping[str, Any] | None) -> Transfer | None:
    """The transfer that an operation is, if it is one. ``document`` is the route's ``openapi_extra``."""
    found = document or {}
    return Transfer(found.get(MAX_BODY), found[MIN_RATE]) if MIN_RATE in found else None


class TransferCapacity(Slots, Component):
    """How many transfers the process may serve at once, and how many it serves now."""

    def __init__(self, limit: int, metrics: TransferMetrics) -> None:
        super().__init__(limit)
        self._metrics = metrics

    @classmethod
    def build(cls, runtime: Runtime) -> "TransferCapacity":
        """The capacity that the settings allow."""
        limit = runtime.settings[HttpSettings].max_concurrent_transfers
        return cls(limit, runtime.metrics.group(TransferMetrics))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Show the limit while the process serves."""
        limit = self._metrics.limit.labels()
        limit.set(self.limit)
        try:
            yield
        finally:
            limit.set(0)
