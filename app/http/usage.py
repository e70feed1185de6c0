"""Records the usage of all versions: in memory, written to the database later."""

from typing import Final

from starlette.types import Scope

from app.http.runtime import Component, Runtime, runtime_of
from app.http.state import state_of
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.usage.buffer import UsageBuffer
from app.usage.metrics import UsageMetrics
from observability.requests.context import FAILED, RequestContext, Requests

_UNKNOWN_CALLER: Final = frozenset({401, 405})
"""Responses to requests that were rejected before the consumer or the operation was known."""


class UsageComponent(Component):
    """The usage that one process has not written yet."""

    def __init__(self, buffer: UsageBuffer, database: UnitOfWork) -> None:
        self.buffer = buffer
        self._database = database

    @classmethod
    def build(cls, runtime: Runtime) -> "UsageComponent":
        """See ``Component``."""
        return cls(UsageBuffer(runtime.metrics.group(UsageMetrics).dropped.labels().inc), runtime.database)

    async def flush(self) -> None:
        """Write the usage now. Raises as a write transaction does."""
        await self.buffer.flush(self._database)


class UsageListener:
    """Records consumer and operation of each request that matched a route. Implements ``RequestListener``."""

    def on_start(self, scope: Scope, context: RequestContext) -> None:
        """Does nothing."""

    def on_end(self, requests: Requests) -> None:
        """See ``RequestListener``."""
        now = utc_now()
        for scope, context in requests:
            operation = getattr(scope.get("route"), "operation_id", None)
            if operation is None or context.api_version is None or context.status in _UNKNOWN_CALLER:
                continue
            runtime_of(scope).get(UsageComponent).buffer.record_request(
                context.api_version,
                operation,
                context.consumer,
                now,
                status=context.status or FAILED,
                seconds=context.duration,
                deprecated=bool(context.deprecated) or state_of(scope).sunset_version is not None,
            )
