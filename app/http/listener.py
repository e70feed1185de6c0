"""Receives nudges of other processes in a process that serves requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.http.runtime import Component, Runtime
from app.kit.db.listener import Callback, Listener, ListenerSettings
from app.settings.database import DatabaseSettings
from app.settings.loading import database_url
from app.settings.root import Settings


class ListenerComponent(Component):
    """The one listener of the process. Other components subscribe when they are built."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._callbacks: list[tuple[str, Callback]] = []

    @classmethod
    def build(cls, runtime: Runtime) -> "ListenerComponent":
        """Needs no database yet: commands and tests build components without one."""
        return cls(runtime.settings)

    def subscribe(self, channel: str, callback: Callback) -> None:
        """See ``Listener.subscribe``."""
        self._callbacks.append((channel, callback))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen during the block. Raises ``SettingsError`` without the URL of a database."""
        timeout = self._settings[DatabaseSettings].connect_timeout
        listener = Listener(ListenerSettings(database_url(self._settings), timeout, "strata nudges"))
        for channel, callback in self._callbacks:
            listener.subscribe(channel, callback)
        async with listener.running():
            yield
