"""Use cases that read deliveries."""

from collections.abc import Sequence
from uuid import UUID

from app.access.principal import Principal
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession
from app.webhooks.commands import DeliveryFilter
from app.webhooks.delivery_views import AttemptView, DeliveryView
from app.webhooks.errors import DeliveryNotFound, EventNotDelivered
from app.webhooks.policy import ensure_may_read
from app.webhooks.queries import DeliveryQueries
from app.webhooks.reader import WebhookReader


class DeliveryReader:
    """Reads deliveries to the caller's endpoints. Raises ``Unauthenticated``, ``InsufficientPermissions``."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._queries = DeliveryQueries(reads)
        self._endpoints = WebhookReader(reads, principal)
        self._principal = principal

    async def page(
        self, endpoint: UUID, wanted: DeliveryFilter, after: Position | None, limit: int
    ) -> Slice[DeliveryView]:
        """A page of the deliveries to an endpoint, in the order of their events.

        Raises ``WebhookEndpointNotFound``, and ``EventNotDelivered`` for the event after which to start.
        """
        view = await self._endpoints.endpoint(endpoint)
        if after is None and wanted.after is not None:
            after = await self._queries.last_of(view.id, wanted.after)
            if after is None:
                raise EventNotDelivered
        return await self._queries.page(view.id, wanted, after, limit)

    async def get(self, uid: UUID) -> tuple[DeliveryView, Sequence[AttemptView]]:
        """A delivery and its attempts. Raises ``DeliveryNotFound``."""
        ensure_may_read(self._principal)
        view = await self._queries.delivery(uid)
        if view is None or view.owner_uid != self._principal.user_uid:
            raise DeliveryNotFound
        return view, await self._queries.attempts(view.id)
