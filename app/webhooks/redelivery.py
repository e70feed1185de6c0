"""Use cases that deliver events again."""

from datetime import datetime
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from app.access.principal import Principal
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.models import Delivery, WebhookEndpoint
from app.webhooks.delivery_views import DeliveryView, Recovery
from app.webhooks.errors import (
    DeliveryEventDeleted,
    DeliveryNotFound,
    WebhookEndpointDisabled,
    WebhookEndpointNotFound,
)
from app.webhooks.nudges import DUE
from app.webhooks.policy import ensure_may_write
from app.webhooks.repository import RedeliveryRepository, WebhookRepository

MOST: Final = 5000
"""The events that one request recovers."""


class RedeliveryService:
    """Delivers events again, in the present version of their endpoint.

    Raises ``Unauthenticated``, ``InsufficientPermissions``, and ``WebhookEndpointDisabled``.
    """

    def __init__(self, session: WriteSession, principal: Principal) -> None:
        self._session = session
        self._endpoints = WebhookRepository(session)
        self._repository = RedeliveryRepository(session)
        self._principal = principal

    async def redeliver(self, uid: UUID) -> DeliveryView:
        """Write a new delivery of the event of a delivery. Raises ``DeliveryNotFound``, ``DeliveryEventDeleted``."""
        owner_id = ensure_may_write(self._principal)
        previous = await self._repository.find(owner_id, uid)
        endpoint = None if previous is None else await self._endpoints.lock(owner_id, previous.endpoint_id)
        if previous is None or endpoint is None:
            raise DeliveryNotFound
        _ensure_active(endpoint)
        if not await self._repository.has_event(previous.event_id):
            raise DeliveryEventDeleted
        now = utc_now()
        delivery = Delivery(
            uid=uuid7(),
            endpoint_id=endpoint.id,
            event_id=previous.event_id,
            event_uid=previous.event_uid,
            event_type=previous.event_type,
            position=previous.position,
            api_version=endpoint.api_version,
            kind="manual",
            status="pending",
            attempt=0,
            next_at=now,
            created_at=now,
        )
        await self._repository.add(delivery)
        self._session.nudge(DUE)
        return _view(delivery, endpoint)

    async def recover(self, endpoint_uid: UUID, since: datetime) -> Recovery:
        """Deliver again what failed or was skipped since a moment and has not been delivered otherwise.

        Repeated calls write nothing twice. Raises ``WebhookEndpointNotFound``.
        """
        owner_id = ensure_may_write(self._principal)
        endpoint = await self._endpoints.lock(owner_id, endpoint_uid)
        if endpoint is None:
            raise WebhookEndpointNotFound
        _ensure_active(endpoint)
        recovered = await self._repository.recover(endpoint, since, MOST, utc_now())
        if recovered:
            self._session.nudge(DUE)
        return Recovery(recovered, recovered < MOST)


def _ensure_active(endpoint: WebhookEndpoint) -> None:
    if endpoint.state != "active":
        raise WebhookEndpointDisabled


def _view(delivery: Delivery, endpoint: WebhookEndpoint) -> DeliveryView:
    return DeliveryView(
        id=delivery.id,
        uid=delivery.uid,
        endpoint_uid=endpoint.uid,
        owner_uid=endpoint.owner_uid,
        event_uid=delivery.event_uid,
        event_type=delivery.event_type,
        position=delivery.position,
        api_version=delivery.api_version,
        kind="manual",
        status="pending",
        reason=None,
        attempt=0,
        next_at=delivery.next_at,
        created_at=delivery.created_at,
        first_attempt_at=None,
        finished_at=None,
    )
