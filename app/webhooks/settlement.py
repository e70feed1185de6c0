"""Records what came of an attempt, and what follows for its endpoint."""

from datetime import datetime

from app.events.recorder import EventRecorder, Subject
from app.kit.db.database import UnitOfWork
from app.models import Delivery, DeliveryAttempt, WebhookEndpoint
from app.webhooks.delivery_views import ENDPOINT_DISABLED
from app.webhooks.events import EndpointDisabled, EndpointFailing
from app.webhooks.mails import Notice, request_notice
from app.webhooks.repository import DeliveryRepository
from app.webhooks.retry import GONE as GONE_STATUS
from app.webhooks.retry import next_attempt
from app.webhooks.views import FAILING, GONE, REPORTED, Claim, Outcome
from observability.tracing.recording import current_trace_id


async def settle(database: UnitOfWork, claim: Claim, outcome: Outcome, started: datetime, now: datetime) -> bool:
    """Record an attempt in one transaction. False: another attempt has taken the delivery over, nothing is recorded."""
    async with database.write() as session:
        repository = DeliveryRepository(session)
        locked = await repository.lock(claim)
        if locked is None:
            return False
        endpoint, delivery = locked
        attempt = DeliveryAttempt(
            delivery_id=claim.id,
            number=claim.attempt,
            started_at=started,
            duration_ms=outcome.duration_ms,
            status=outcome.status,
            error=outcome.error,
            excerpt=outcome.excerpt,
            trace_id=current_trace_id(),
        )
        delivery.run = delivery.lease_until = None
        events = EventRecorder(session)
        notices: list[Notice] = []
        if outcome.succeeded:
            delivery.status, delivery.finished_at = "succeeded", now
            endpoint.failures, endpoint.first_failure_at, endpoint.last_success_at = 0, None, now
        else:
            _fail(endpoint, delivery, outcome, now)
            if endpoint.failures == REPORTED:
                events.record(EndpointFailing(subject=_subject(endpoint)))
                notices.append(Notice.FAILING)
        reason = _reason_to_disable(endpoint, delivery, outcome)
        if reason is not None:
            endpoint.state, endpoint.disabled_reason, endpoint.disabled_at = "disabled", reason, now
        await repository.save(attempt)
        if reason is not None:
            await repository.skip_open(endpoint.id, now)
            events.record(EndpointDisabled(subject=_subject(endpoint), reason=reason))
            notices.append(Notice.DISABLED)
        for notice in notices:
            await request_notice(session, notice, endpoint, delivery, outcome)
    return True


async def end(database: UnitOfWork, claim: Claim, status: str, reason: str, now: datetime) -> bool:
    """End a delivery that cannot be sent. It counts neither as an attempt nor as a failure of the endpoint."""
    async with database.write() as session:
        return await DeliveryRepository(session).end(claim, status, reason, now)


def _fail(endpoint: WebhookEndpoint, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
    endpoint.failures += 1
    endpoint.first_failure_at = endpoint.first_failure_at or now
    at = next_attempt(delivery.attempt, outcome, now)
    if endpoint.state != "active":
        delivery.status, delivery.finished_at, delivery.reason = "skipped", now, ENDPOINT_DISABLED
    elif at is None:
        delivery.status, delivery.finished_at = "failed", now
    else:
        delivery.status, delivery.next_at = "pending", at


def _reason_to_disable(endpoint: WebhookEndpoint, delivery: Delivery, outcome: Outcome) -> str | None:
    """A single bad hour of a busy receiver does not disable it: something succeeded since the first attempt."""
    if endpoint.state != "active" or delivery.status != "failed":
        return None
    if outcome.status == GONE_STATUS:
        return GONE
    last, first = endpoint.last_success_at, delivery.first_attempt_at
    return FAILING if last is None or first is None or last < first else None


def _subject(endpoint: WebhookEndpoint) -> Subject:
    return Subject(endpoint.uid, endpoint.owner_uid, endpoint.id)
