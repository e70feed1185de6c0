"""The feed of relayed events of one process."""

from contextlib import AbstractAsyncContextManager
from functools import cached_property

from app.event_log.feed import EventFeed
from app.events.nudges import RELAYED_CHANNEL
from app.events.render_failures import RenderFailures
from app.http.listener import ListenerComponent
from app.http.live.connections import LiveConnections
from app.http.runtime import Component, Runtime


class FeedComponent(Component):
    """The feed, which also tells the open connections of sessions and keys that ended."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @classmethod
    def build(cls, runtime: Runtime) -> "FeedComponent":
        """The feed is notified by the listener of the process. Needs no database yet."""
        component = cls(runtime)
        runtime.get(ListenerComponent).subscribe(RELAYED_CHANNEL, component.nudge)
        return component

    def nudge(self, payload: str | None) -> None:
        """See ``EventFeed.nudge``."""
        self.feed.nudge(payload)

    @cached_property
    def feed(self) -> EventFeed:
        """The one feed of the process."""
        connections = self._runtime.get(LiveConnections)
        failures = self._runtime.metrics.group(RenderFailures)
        return EventFeed(self._runtime.database.reads, failures, connections.__len__, connections.on_event)

    def running(self) -> AbstractAsyncContextManager[None]:
        """See ``EventFeed.running``."""
        return self.feed.running()
