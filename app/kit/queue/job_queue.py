"""Enqueues jobs on the connection of a transaction, so that a job exists if and only if the change is committed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import orjson
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.domain.settings import DBSettings
from pgqueuer.queries import Queries
from uuid_utils.compat import uuid7

from app.kit.clock import rfc3339, utc_now
from app.kit.db.sessions import Nudge, WriteSession
from app.kit.queue import statements
from app.kit.queue.kinds import JobKind, Params
from observability.tracing.messaging import sending
from observability.tracing.recording import producer_span

PAYLOAD_KEY = "job"
"""The only key of a payload in PgQueuer's tables: the uid of the job."""


@dataclass(frozen=True, slots=True)
class Requester:
    """Who requested a job, and with which request."""

    owner_id: int | None = None
    request_id: str | None = None


_PRODUCT = Requester()


class JobQueue:
    """The job queue in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def enqueue(
        self, kind: JobKind, params: Params, *, requester: Requester = _PRODUCT, key: str | None = None
    ) -> UUID | None:
        """Add one job and return its uid. None if a job with the same ``key`` is queued or running.

        ``params`` contains identifiers, and what the owner of the job has entered: they are stored in plain text.
        """
        # The job reads rows of this transaction, so they are written before it.
        await self._session.flush()
        driver = await self._session.driver()
        uid = uuid7()
        with producer_span(*sending(kind.name)) as traceparent:
            values = (requester.owner_id, key, orjson.dumps(params).decode(), kind.priority, utc_now())
            row = await driver.fetchrow(statements.INSERT, uid, kind.name, *values, traceparent, requester.request_id)
            if row is None:
                return None
            await carry(self._session, uid, kind.name, kind.priority, traceparent)
        return uid


async def carry(session: WriteSession, uid: UUID, kind: str, priority: int, traceparent: str | None) -> None:
    """Let PgQueuer carry a job, whose row exists, to a worker. A job that it carries already stays as it is."""
    await Queries(AsyncpgDriver(await session.driver())).enqueue(
        kind,
        orjson.dumps({PAYLOAD_KEY: str(uid)}),
        priority,
        dedupe_key=str(uid),
        headers=_headers(traceparent),
        on_conflict="skip",
    )
    session.nudge(_table_changed())


def _table_changed() -> Nudge:
    """What PgQueuer's trigger would send, inside the transaction, if a migration had not disabled it."""
    settings = DBSettings()
    event = {
        "channel": settings.channel,
        "operation": "insert",
        "sent_at": rfc3339(utc_now()),
        "table": settings.queue_table,
        "type": "table_changed_event",
    }
    return Nudge(settings.channel, orjson.dumps(event).decode())


def _headers(traceparent: str | None) -> dict[str, str] | None:
    """The header that PgQueuer's OpenTelemetry adapter reads. It is nested, contrary to its declared type."""
    return None if traceparent is None else cast("dict[str, str]", {"otel": {"traceparent": traceparent}})


def uid_in(payload: Mapping[str, Any]) -> UUID | None:
    """The uid of a job. None in a payload of the previous release, which consists of the parameters themselves."""
    return UUID(payload[PAYLOAD_KEY]) if PAYLOAD_KEY in payload else None
