"""Counts a WebSocket among the open connections of its process, which close it when it must end."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from starlette.types import Scope

from app.access.principal import Principal
from app.http.live.close_codes import CloseCode
from app.http.live.connections import LiveConnections, Place
from app.http.live.metrics import WEBSOCKET
from app.http.runtime import runtime_of
from app.http.sockets.connection import SocketConnection
from app.http.state import state_of
from app.settings.realtime import RealtimeSettings

_SHORTEST: Final = 0.95
"""Of the maximum age. Clients that connected at the same time, after a restart, do not all come back at once."""
_JITTER: Final = random.Random()  # noqa: S311 - spreads clients, protects nothing


def ensure_free(scope: Scope, principal: Principal) -> None:
    """Raise ``ConnectionsExhausted`` or ``TooManyConnections`` if the caller can open no other connection."""
    runtime_of(scope).get(LiveConnections).ensure_free(principal)


@contextmanager
def held(scope: Scope, api_version: str, connection: SocketConnection, principal: Principal) -> Iterator[None]:
    """Count it during the block, and close it at its maximum age. Raises as ``ensure_free`` does.

    The code is that of a restart: the client connects again, is authorised anew, and resumes.
    """
    runtime = runtime_of(scope)
    place = Place(api_version, WEBSOCKET, principal, state_of(scope).sunset_version)
    age = runtime.settings[RealtimeSettings].max_connection_seconds * _JITTER.uniform(_SHORTEST, 1)
    with runtime.get(LiveConnections).held(connection, place):
        end = asyncio.get_running_loop().call_later(age, connection.close, CloseCode.SERVICE_RESTART, "max_age")
        try:
            yield
        finally:
            end.cancel()
