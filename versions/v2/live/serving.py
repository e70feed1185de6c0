"""Serves one client of ``strata.v2``."""

import asyncio
from typing import Final

from starlette.types import Scope
from starlette.websockets import WebSocket

from app.errors import DomainError
from app.http.handshakes import request_of
from app.http.live.close_codes import CloseCode
from app.http.principal import has_credentials
from app.http.rate_limit.limits import QuotaExceeded
from app.http.runtime import runtime_of
from app.http.sockets.caller import SocketCaller
from app.http.sockets.connection import Closing, SocketConnection
from app.http.sockets.holding import ensure_free, held
from versions.v2.live import mapping
from versions.v2.live.channels import PROTOCOL
from versions.v2.live.session import Session, authenticated

_FIRST_MESSAGE_SECONDS: Final = 10.0
_WARNING: Final = mapping.problem(
    None, "too_many_messages", "More than 20 messages a second: this one was ignored. Going on closes the connection."
)


async def serve(websocket: WebSocket) -> None:
    """Rejected credentials of the handshake are an HTTP response, those of a message close the connection."""
    scope = websocket.scope
    caller = None
    if has_credentials(scope):
        caller = await SocketCaller.of_request(request_of(scope))
        ensure_free(scope, caller.principal)
    await websocket.accept(PROTOCOL if PROTOCOL in scope["subprotocols"] else None)
    connection = SocketConnection(websocket.receive, websocket.send)
    try:
        if caller is None:
            async with asyncio.timeout(_FIRST_MESSAGE_SECONDS):
                caller = await authenticated(connection, scope)
        if caller is not None:
            with held(scope, "v2", connection, caller.principal):
                await _run(scope, connection, caller)
    except Closing as closing:
        await connection.finish(closing)
    except TimeoutError:
        await connection.finish(Closing(CloseCode.UNAUTHENTICATED, "no message has authenticated the connection"))
    except QuotaExceeded:
        await connection.finish(Closing(CloseCode.TOO_MANY_MESSAGES, "the rate limit is exceeded"))
    except DomainError as error:
        await connection.finish(Closing(CloseCode.TRY_AGAIN_LATER, error.code))


async def _run(scope: Scope, connection: SocketConnection, caller: SocketCaller) -> None:
    session = Session(runtime_of(scope), connection, caller)
    try:
        await connection.run(session.handle, _WARNING, session.rooms.run())
    finally:
        await session.rooms.close()
