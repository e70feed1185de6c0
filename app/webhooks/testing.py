"""The use case that tests an endpoint with a message at once."""

import hashlib
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from app.access.principal import Principal
from app.events.audience import Audience
from app.events.rendering import EventRenderer
from app.events.stored import StoredEvent
from app.kit.clock import utc_now
from app.kit.db.sessions import ReadSession
from app.kit.egress.pinned import PinnedEgress
from app.webhooks.errors import WebhookEndpointNotFound
from app.webhooks.events import EndpointTested
from app.webhooks.policy import ensure_may_write
from app.webhooks.queries import WebhookQueries
from app.webhooks.sending import Message, send
from app.webhooks.signing import SecretSealer
from app.webhooks.views import EndpointView, TestSend

_SECONDS: Final = 5.0
"""Less than the time in which a response must start."""


class EndpointTester:
    """Sends a message to an endpoint outside of any transaction, also while the endpoint is disabled."""

    def __init__(
        self,
        reads: ReadSession,
        principal: Principal,
        sealer: SecretSealer,
        egress: PinnedEgress,
        renderers: Mapping[str, EventRenderer],
    ) -> None:
        self._queries = WebhookQueries(reads)
        self._principal = principal
        self._sealer = sealer
        self._egress = egress
        self._renderers = renderers

    async def send(self, uid: UUID) -> TestSend:
        """Send one message, and return what was signed and what the receiver responded.

        It is no delivery: it is not listed, not repeated, and does not count as a failure. Raises
        ``WebhookEndpointNotFound``, ``Unauthenticated`` and ``InsufficientPermissions``.
        """
        ensure_may_write(self._principal)
        endpoint = await self._queries.endpoint(uid)
        if endpoint is None or endpoint.owner_uid != self._principal.user_uid:
            raise WebhookEndpointNotFound
        now = utc_now()
        stored = await self._queries.secrets(endpoint.id, now)
        opened = [self._sealer.open(secret.sealed, secret.uid) for secret in stored]
        event, renderer = _event_of(endpoint), self._renderers[endpoint.api_version]
        body = renderer.render(event) or b""
        secrets = [secret for secret in opened if secret is not None]
        message = Message(renderer.webhook_id(event.uid), body, secrets)
        outcome = await send(self._egress, endpoint.url, message, now, _SECONDS)
        digest = hashlib.sha256(body).hexdigest()
        return TestSend(message.id, int(now.timestamp()), len(body), digest, outcome)


def _event_of(endpoint: EndpointView) -> StoredEvent:
    """An event that is not stored: only this endpoint receives it."""
    return StoredEvent(
        id=0,
        uid=uuid7(),
        position=0,
        type=EndpointTested.type,
        schema=EndpointTested.schema,
        subject_uid=endpoint.uid,
        subject_id=endpoint.id,
        owner_uid=endpoint.owner_uid,
        counterparty_uid=None,
        actor_uid=endpoint.owner_uid,
        audience=Audience.OWNER,
        payload={},
        occurred_at=utc_now(),
        traceparent=None,
        request_id=None,
    )
