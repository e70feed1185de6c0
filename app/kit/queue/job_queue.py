"""Enqueues jobs on a transaction's own connection: no commit, no job; no job lost after a commit."""

from collections.abc import Mapping
from typing import Any, cast

import orjson
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.queries import Queries

from app.kit.db.sessions import WriteSession
from observability.tracing.messaging import sending
from observability.tracing.recording import producer_span


class JobQueue:
    """The queue as one transaction sees it."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def enqueue(self, job: str, payload: Mapping[str, Any]) -> None:
        """Add one job. ``payload`` holds identifiers only: a secret would lie in the queue's tables."""
        # What the transaction wrote must be on the connection before the job that reads it.
        await self._session.flush()
        driver = AsyncpgDriver(await self._session.driver())
        with producer_span(*sending(job)) as traceparent:
            await Queries(driver).enqueue(job, orjson.dumps(payload), headers=_headers(traceparent))


def _headers(traceparent: str | None) -> dict[str, str] | None:
    """The section that PgQueuer's own OpenTelemetry adapter reads. Its type says that headers are flat."""
    return None if traceparent is None else cast("dict[str, str]", {"otel": {"traceparent": traceparent}})
