"""The use case that lets workers send a test message to several endpoints."""

from collections.abc import Collection

from app.access.principal import Principal
from app.events.recorder import EventRecorder, Subject
from app.kit.db.sessions import WriteSession
from app.webhooks.errors import UnknownEventType
from app.webhooks.events import EndpointTested
from app.webhooks.policy import ensure_may_write
from app.webhooks.repository import WebhookRepository


class EndpointTrigger:
    """Tests the caller's endpoints. Raises ``Unauthenticated``, ``InsufficientPermissions``."""

    def __init__(self, session: WriteSession, principal: Principal, events: EventRecorder) -> None:
        self._repository = WebhookRepository(session)
        self._principal = principal
        self._events = events

    async def trigger(self, event_type: str, known: Collection[str]) -> None:
        """Record a test of each active endpoint that receives events of a type. Raises ``UnknownEventType``.

        The message is a test, never an event of that type that has not happened: a receiver would believe it.
        """
        owner_id = ensure_may_write(self._principal)
        if event_type not in known:
            raise UnknownEventType("event", where="query")
        for endpoint in await self._repository.lock_receiving(owner_id, event_type):
            self._events.record(EndpointTested(subject=Subject(endpoint.uid, endpoint.owner_uid, endpoint.id)))
