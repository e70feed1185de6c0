"""What the WebSockets of one process share about rooms."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.http.listener import ListenerComponent
from app.http.runtime import Component, Runtime
from app.rooms.feed import RoomFeed
from app.rooms.nudges import WRITTEN_CHANNEL
from app.rooms.presence import Presence


class RoomsComponent(Component):
    """New messages for the subscribers of this process, and the presence of its connections."""

    def __init__(self, feed: RoomFeed, presence: Presence) -> None:
        self.feed = feed
        self.presence = presence

    @classmethod
    def build(cls, runtime: Runtime) -> "RoomsComponent":
        """The feed is notified by the listener of the process."""
        feed = RoomFeed(runtime.database)
        runtime.get(ListenerComponent).subscribe(WRITTEN_CHANNEL, feed.nudge)
        return cls(feed, Presence(runtime.database))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read new messages and renew presence during the block."""
        async with self.feed.running(), self.presence.running():
            yield
