"""Passes new notifications of one user to a WebSocket."""

from typing import Final
from uuid import UUID

from app.event_log.feed import Encode
from app.events.stored import StoredEvent
from app.http.sockets.outbox import Outbox

CREATED: Final = "notification.created"


class NotificationSubscriber:
    """Implements ``app.event_log.feed.Subscriber``.

    A message for which the outbox has no room is dropped: the notification is stored, and a list of them has it.
    """

    def __init__(self, outbox: Outbox, user: UUID, api_version: str, encode: Encode) -> None:
        self.api_version: Final = api_version
        self._outbox = outbox
        self._user = user
        self._encode = encode

    @property
    def encode(self) -> Encode:
        """See ``Subscriber``."""
        return self._encode

    def offer(self, event: StoredEvent, message: bytes) -> None:
        """See ``Subscriber``."""
        if event.owner_uid == self._user:
            self._outbox.offer(message.decode())
