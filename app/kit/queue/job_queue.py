"""Enqueues jobs on the connection of a transaction, so that a job exists if and only if the change is committed."""

from collections.abc import Mapping
from typing import Any, cast

import orjson
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.queries import Queries

from app.kit.db.sessions import WriteSession
from observability.tracing.messaging import sending
from observability.tracing.recording import producer_span


class JobQueue:
    """The job queue in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def enqueue(self, job: str, payload: Mapping[str, Any]) -> None:
        """Add one job. ``payload`` contains identifiers only, since the tables of the queue store it in plain text."""
        # The job reads rows of this transaction, so they are written before it.
        await self._session.flush()
        driver = AsyncpgDriver(await self._session.driver())
        with producer_span(*sending(job)) as traceparent:
            await Queries(driver).enqueue(job, orjson.dumps(payload), headers=_headers(traceparent))


def _headers(traceparent: str | None) -> dict[str, str] | None:
    """The header that PgQueuer's OpenTelemetry adapter reads. It is nested, contrary to its declared type."""
    return None if traceparent is None else cast("dict[str, str]", {"otel": {"traceparent": traceparent}})
