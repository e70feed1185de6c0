"""Writes of webhook endpoints and deliveries."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, func, or_, select, update

from app.events.statements import COLUMNS
from app.events.stored import StoredEvent
from app.kit.db.batches import BATCH
from app.kit.db.sessions import WriteSession
from app.models import Delivery, DeliveryAttempt, Event, User, WebhookEndpoint, WebhookSecret
from app.webhooks import statements
from app.webhooks.commands import EndpointRef
from app.webhooks.delivery_views import ENDPOINT_DISABLED, VERSION_RETIRED
from app.webhooks.events import EndpointDisabled, EndpointFailing, EndpointTested
from app.webhooks.views import Claim, SealedSecret


class WebhookRepository:
    """Endpoints and their secrets in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def lock_owner(self, user_id: int) -> UUID | None:
        """The uid of a user, whose endpoints no other transaction counts now. None if the user is gone."""
        found: UUID | None = await self._session.scalar(select(User.uid).where(User.id == user_id).with_for_update())
        return found

    async def count(self, owner_id: int) -> int:
        """The number of endpoints of a user."""
        found = await self._session.scalar(
            select(func.count()).select_from(WebhookEndpoint).where(WebhookEndpoint.owner_id == owner_id)
        )
        return found or 0

    async def lock(self, owner_id: int, ref: EndpointRef) -> WebhookEndpoint | None:
        """An endpoint of a user; its row is locked until the transaction ends."""
        column = WebhookEndpoint.id if isinstance(ref, int) else WebhookEndpoint.uid
        found: WebhookEndpoint | None = await self._session.scalar(
            select(WebhookEndpoint)
            .where(column == ref, WebhookEndpoint.owner_id == owner_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return found

    async def lock_all(self, owner_id: int) -> Sequence[tuple[UUID, int]]:
        """The uids and ids of all endpoints of a user; their rows are locked."""
        found = await self._session.execute(
            select(WebhookEndpoint.uid, WebhookEndpoint.id)
            .where(WebhookEndpoint.owner_id == owner_id)
            .order_by(WebhookEndpoint.id)
            .with_for_update()
        )
        return [(uid, number) for uid, number in found]

    async def lock_receiving(self, owner_id: int, event_type: str) -> Sequence[WebhookEndpoint]:
        """The active endpoints of a user that receive events of a type; their rows are locked."""
        found = await self._session.scalars(
            select(WebhookEndpoint)
            .where(
                WebhookEndpoint.owner_id == owner_id,
                WebhookEndpoint.state == "active",
                or_(WebhookEndpoint.events == [], WebhookEndpoint.events.contains([event_type])),
            )
            .order_by(WebhookEndpoint.id)
            .with_for_update()
        )
        return found.all()

    async def add(self, entity: WebhookEndpoint | WebhookSecret) -> None:
        self._session.add(entity)
        await self._session.flush()

    async def save(self) -> None:
        await self._session.flush()

    async def delete(self, endpoint: WebhookEndpoint) -> None:
        """Delete an endpoint with its secrets and deliveries."""
        await self._session.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == endpoint.id))

    async def expire_secrets(self, endpoint_id: int, at: datetime) -> None:
        """Let the newest secret sign until a moment. The one that a rotation has replaced before is deleted."""
        await self._session.execute(
            delete(WebhookSecret).where(WebhookSecret.endpoint_id == endpoint_id, WebhookSecret.expires_at.is_not(None))
        )
        await self._session.execute(
            update(WebhookSecret)
            .where(WebhookSecret.endpoint_id == endpoint_id, WebhookSecret.expires_at.is_(None))
            .values(expires_at=at)
        )


class DeliveryRepository:
    """Deliveries in one transaction. Locks are taken in the order endpoint, delivery."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def write(self, known: Sequence[tuple[int, str]], now: datetime, ended: Collection[str] = ()) -> int:
        """Write the deliveries of events, each with a version that knows it, and return their number.

        Those to disabled endpoints are written as skipped, and those in versions that were retired or that have
        ``ended``. Repeated calls write nothing.
        """
        values = {
            "ids": [event for event, _ in known],
            "versions": [version for _, version in known],
            "now": now,
            "tested": EndpointTested.type,
            "disabled": ENDPOINT_DISABLED,
            "retired": VERSION_RETIRED,
            "ended": list(ended),
            "troubles": [EndpointFailing.type, EndpointDisabled.type],
        }
        return len((await self._session.execute(statements.WRITE, values)).all())

    async def claim(self, slots: int, most: int, now: datetime, lease: datetime) -> list[Claim]:
        """Start attempts of due deliveries: at most ``slots``, and ``most`` of an endpoint at the same time.

        The attempt is counted now, so one that ends its worker is counted, too. It is the worker's until ``lease``.
        """
        values = {"slots": slots, "most": most, "now": now, "lease": lease}
        rows = await self._session.execute(statements.CLAIM, values)
        return [Claim(**row) for row in rows.mappings()]

    async def events(self, ids: Sequence[int]) -> dict[int, StoredEvent]:
        """Events by their ids; those that were deleted are missing."""
        rows = await self._session.execute(select(*COLUMNS).where(Event.id.in_(ids)))
        return {row["id"]: StoredEvent.from_row(row) for row in rows.mappings()}

    async def secrets(self, endpoints: Sequence[int], now: datetime) -> list[tuple[int, SealedSecret]]:
        """The secrets that sign for these endpoints, newest first, each with the id of its endpoint."""
        rows = await self._session.execute(
            select(WebhookSecret.endpoint_id, WebhookSecret.uid, WebhookSecret.sealed)
            .where(WebhookSecret.endpoint_id.in_(endpoints), statements.SIGNS)
            .order_by(WebhookSecret.uid.desc()),
            {"now": now},
        )
        return [(endpoint, SealedSecret(uid, sealed)) for endpoint, uid, sealed in rows]

    async def lock(self, claim: Claim) -> tuple[WebhookEndpoint, Delivery] | None:
        """The endpoint and the delivery of an attempt; None if the attempt has lost the delivery."""
        endpoint = await self._session.scalar(
            select(WebhookEndpoint).where(WebhookEndpoint.id == claim.endpoint_id).with_for_update(key_share=True)
        )
        delivery = await self._session.scalar(
            select(Delivery).where(Delivery.id == claim.id, Delivery.run == claim.run).with_for_update()
        )
        return None if endpoint is None or delivery is None else (endpoint, delivery)

    async def save(self, attempt: DeliveryAttempt) -> None:
        """Add an attempt, and write what has changed."""
        self._session.add(attempt)
        await self._session.flush()

    async def end(self, claim: Claim, status: str, reason: str, now: datetime) -> bool:
        """End a delivery without a request. False: another attempt has taken it over."""
        ended = await self._session.execute(
            update(Delivery)
            .where(Delivery.id == claim.id, Delivery.run == claim.run)
            .values(status=status, reason=reason, finished_at=now, run=None, lease_until=None)
            .returning(Delivery.id)
        )
        return ended.first() is not None

    async def skip_open(self, endpoint_id: int, now: datetime) -> None:
        """Skip the deliveries of an endpoint that wait."""
        values = {"endpoint": endpoint_id, "now": now, "reason": ENDPOINT_DISABLED}
        await self._session.execute(statements.SKIP_OPEN, values)

    async def purge(self, before: datetime) -> int:
        """Delete one batch of the deliveries written before a moment, with their attempts, and return their number."""
        old = select(Delivery.id).where(Delivery.created_at < before).order_by(Delivery.id).limit(BATCH)
        done = await self._session.execute(delete(Delivery).where(Delivery.id.in_(old)).returning(Delivery.id))
        return len(done.all())


class RedeliveryRepository:
    """Manual deliveries in one transaction, whose endpoint the caller has locked."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def find(self, owner_id: int, uid: UUID) -> Delivery | None:
        """A delivery to an endpoint of a user."""
        found: Delivery | None = await self._session.scalar(
            select(Delivery)
            .join(WebhookEndpoint, WebhookEndpoint.id == Delivery.endpoint_id)
            .where(Delivery.uid == uid, WebhookEndpoint.owner_id == owner_id)
        )
        return found

    async def has_event(self, event_id: int) -> bool:
        """Whether the event still exists."""
        return bool(await self._session.scalar(select(exists().where(Event.id == event_id))))

    async def add(self, delivery: Delivery) -> None:
        self._session.add(delivery)
        await self._session.flush()

    async def recover(self, endpoint: WebhookEndpoint, since: datetime, most: int, now: datetime) -> int:
        """Write deliveries of at most so many events that the endpoint has not received, and return their number."""
        values = {
            "endpoint": endpoint.id,
            "version": endpoint.api_version,
            "since": since,
            "most": most,
            "now": now,
        }
        return len((await self._session.execute(statements.RECOVER, values)).all())
