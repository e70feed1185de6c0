"""Use cases that change webhook endpoints."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final

from uuid_utils.compat import uuid7

from app.access.principal import Principal
from app.errors import Unauthenticated
from app.events.recorder import EventRecorder, Subject
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.egress.destinations import Guard
from app.kit.egress.errors import EgressError
from app.kit.unset import UNSET
from app.models import WebhookEndpoint, WebhookSecret
from app.plans.views import Caps
from app.webhooks.commands import EndpointDraft, EndpointEdit, EndpointRef
from app.webhooks.errors import (
    TooManyWebhookEndpoints,
    UnknownEventType,
    WebhookEndpointNotFound,
    WebhookUrlRefused,
)
from app.webhooks.events import EndpointCreated, EndpointDeleted, EndpointUpdated, SecretRotated
from app.webhooks.policy import ensure_may_delete, ensure_may_receive, ensure_may_write
from app.webhooks.repository import DeliveryRepository, WebhookRepository
from app.webhooks.signing import SecretSealer, new_secret, secret_text
from app.webhooks.views import BY_OWNER, EndpointView

_RESOLUTION_SECONDS: Final = 2.0
"""For the name of a host. A name whose servers are slower is accepted: each attempt resolves it again."""


class WebhookService:
    """Changes endpoints on behalf of a principal. Raises ``Unauthenticated`` and ``InsufficientPermissions``."""

    def __init__(
        self,
        session: WriteSession,
        principal: Principal,
        caps: Caps,
        events: EventRecorder,
        sealer: SecretSealer,
        guard: Guard,
    ) -> None:
        self._repository = WebhookRepository(session)
        self._deliveries = DeliveryRepository(session)
        self._principal = principal
        self._caps = caps
        self._events = events
        self._sealer = sealer
        self._guard = guard

    async def create(self, draft: EndpointDraft) -> tuple[EndpointView, str]:
        """Create an endpoint; the second value is its secret, which no later response shows.

        Raises ``WebhookUrlRefused``, ``UnknownEventType``, ``TooManyWebhookEndpoints``.
        """
        owner_id = ensure_may_receive(self._principal)
        _ensure_known(draft.events, draft.known)
        await self._ensure_allowed(draft.url)
        owner_uid = await self._repository.lock_owner(owner_id)
        if owner_uid is None:
            # The user was deleted after the principal was resolved.
            raise Unauthenticated
        if await self._repository.count(owner_id) >= self._caps.webhook_endpoints:
            raise TooManyWebhookEndpoints
        endpoint = WebhookEndpoint(
            owner_id=owner_id,
            owner_uid=owner_uid,
            url=draft.url,
            events=list(draft.events),
            description=draft.description,
            api_version=draft.api_version,
            state="active",
            failures=0,
            created_at=utc_now(),
        )
        await self._repository.add(endpoint)
        secret = await self._add_secret(endpoint)
        self._events.record(EndpointCreated(subject=_subject(endpoint)))
        return EndpointView.from_entity(endpoint), secret

    async def edit(self, ref: EndpointRef, edit: EndpointEdit) -> EndpointView:
        """Change the given fields. Raises ``WebhookEndpointNotFound``, ``WebhookUrlRefused``, ``UnknownEventType``."""
        owner_id = ensure_may_receive(self._principal)
        if edit.events is not UNSET:
            _ensure_known(edit.events, edit.known)
        if edit.url is not UNSET:
            await self._ensure_allowed(edit.url)
        endpoint = await self._lock(owner_id, ref)
        if changed := _apply(endpoint, edit):
            await self._repository.save()
            if "state" in changed and endpoint.state == "disabled":
                await self._deliveries.skip_open(endpoint.id, utc_now())
            self._events.record(EndpointUpdated(subject=_subject(endpoint), changed=changed))
        return EndpointView.from_entity(endpoint)

    async def rotate(self, ref: EndpointRef, overlap: timedelta) -> tuple[EndpointView, str]:
        """Add a new secret; the previous one signs for ``overlap``, too. Raises ``WebhookEndpointNotFound``."""
        endpoint = await self._lock(ensure_may_write(self._principal), ref)
        await self._repository.expire_secrets(endpoint.id, utc_now() + overlap)
        secret = await self._add_secret(endpoint)
        self._events.record(SecretRotated(subject=_subject(endpoint)))
        return EndpointView.from_entity(endpoint), secret

    async def delete(self, ref: EndpointRef) -> None:
        """Delete an endpoint with its deliveries. Raises ``WebhookEndpointNotFound``."""
        endpoint = await self._lock(ensure_may_delete(self._principal), ref)
        await self._repository.delete(endpoint)
        self._events.record(EndpointDeleted(subject=_subject(endpoint)))

    async def _lock(self, owner_id: int, ref: EndpointRef) -> WebhookEndpoint:
        endpoint = await self._repository.lock(owner_id, ref)
        if endpoint is None:
            raise WebhookEndpointNotFound
        return endpoint

    async def _ensure_allowed(self, url: str) -> None:
        try:
            await self._guard.check(url, _RESOLUTION_SECONDS)
        except EgressError as error:
            raise WebhookUrlRefused(error.reason) from error

    async def _add_secret(self, endpoint: WebhookEndpoint) -> str:
        secret, uid = new_secret(), uuid7()
        sealed = self._sealer.seal(secret, uid)
        await self._repository.add(WebhookSecret(uid=uid, endpoint_id=endpoint.id, sealed=sealed, created_at=utc_now()))
        return secret_text(secret)


def _ensure_known(events: Sequence[str], known: Collection[str]) -> None:
    for index, name in enumerate(events):
        if name not in known:
            raise UnknownEventType("events", index)


def _apply(endpoint: WebhookEndpoint, edit: EndpointEdit) -> list[str]:
    """Change the endpoint, and return the names of the fields with another value."""
    wanted = {
        "url": edit.url,
        "events": edit.events if edit.events is UNSET else list(edit.events),
        "description": edit.description,
        "api_version": edit.api_version,
    }
    changed = [name for name, value in wanted.items() if value is not UNSET and value != getattr(endpoint, name)]
    for name in changed:
        setattr(endpoint, name, wanted[name])
    if edit.active is not UNSET and edit.active != (endpoint.state == "active"):
        changed.append("state")
        endpoint.state = "active" if edit.active else "disabled"
        endpoint.disabled_reason = None if edit.active else BY_OWNER
        endpoint.disabled_at = None if edit.active else utc_now()
        endpoint.failures, endpoint.first_failure_at = 0, None
    return changed


def _subject(endpoint: WebhookEndpoint) -> Subject:
    return Subject(endpoint.uid, endpoint.owner_uid, endpoint.id)
