"""Use cases that read webhook endpoints."""

from uuid import UUID

from app.access.principal import Principal
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession
from app.webhooks.errors import WebhookEndpointNotFound
from app.webhooks.policy import ensure_may_read
from app.webhooks.queries import WebhookQueries
from app.webhooks.views import EndpointView


class WebhookReader:
    """Reads the caller's endpoints. Raises ``Unauthenticated``, ``InsufficientPermissions``."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._queries = WebhookQueries(reads)
        self._principal = principal

    async def endpoints(self) -> list[EndpointView]:
        """All of them, oldest first: a plan allows a number of them."""
        return await self._queries.all(ensure_may_read(self._principal))

    async def page(self, after: Position | None, limit: int) -> Slice[EndpointView]:
        """A page, newest first."""
        return await self._queries.page(ensure_may_read(self._principal), after, limit)

    async def endpoint(self, uid: UUID) -> EndpointView:
        """Raises ``WebhookEndpointNotFound``."""
        ensure_may_read(self._principal)
        view = await self._queries.endpoint(uid)
        if view is None or view.owner_uid != self._principal.user_uid:
            raise WebhookEndpointNotFound
        return view
