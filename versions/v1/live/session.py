"""The clients of the WebSockets of v1. A connection that is refused is accepted first, and then closed with 1008."""

import re
from collections.abc import Mapping
from typing import Final

from starlette.websockets import WebSocket

from app.access.errors import InvalidCredentials
from app.errors import DomainError
from app.events.stored import StoredEvent
from app.events.visibility import Viewer
from app.http.live.close_codes import CloseCode
from app.http.live.feed import FeedComponent
from app.http.rate_limit.limits import QuotaExceeded
from app.http.runtime import Runtime, runtime_of
from app.http.sockets.caller import SocketCaller
from app.http.sockets.connection import Closing, SocketConnection
from app.http.sockets.holding import held
from app.http.sockets.notifications import CREATED, NotificationSubscriber
from app.http.sockets.rooms import RoomSubscriptions
from app.notifications.policy import ensure_may_read
from app.rooms.service import RoomService
from versions.v1.live import mapping

_ROOM: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TEXT: Final = re.compile(r"[^\x00]{1,4000}", re.DOTALL)
_WARNING: Final = mapping.error("Too many messages")
_REFUSED: Final = "not authorized"
_CODES: Final[Mapping[int, int]] = {CloseCode.UNAUTHENTICATED: CloseCode.POLICY_VIOLATION}


async def chat(websocket: WebSocket, room_id: str, token: str) -> None:
    """Pass text messages between all clients of a room."""
    scope, connection = websocket.scope, await _accepted(websocket)
    runtime = runtime_of(scope)
    rooms = RoomSubscriptions(runtime, connection.outbox, "v1", mapping.message, mapping.reset)
    try:
        caller = await SocketCaller.of_token(scope, token)
        _ensure_name(room_id)
        with held(scope, "v1", connection, caller.principal):
            await rooms.subscribe(caller.principal, room_id, None)
            await connection.run(_Writer(runtime, connection, caller, room_id).publish, _WARNING, rooms.run())
    except (Closing, DomainError, QuotaExceeded):
        await connection.finish(Closing(CloseCode.POLICY_VIOLATION, _REFUSED))
    finally:
        await rooms.close()


async def notifications(websocket: WebSocket, token: str) -> None:
    """Deliver the new notifications of a user, and return each text that the client sends."""
    scope, connection = websocket.scope, await _accepted(websocket)
    feed, outbox = runtime_of(scope).get(FeedComponent).feed, connection.outbox

    async def echo(text: str) -> None:
        await outbox.put(mapping.echo(text))

    try:
        caller = await SocketCaller.of_token(scope, token)
        ensure_may_read(caller.principal)
        user = caller.principal.signed_in()
        subscriber = NotificationSubscriber(outbox, user.user_uid, "v1", _encode)
        with held(scope, "v1", connection, caller.principal), feed.subscribed(Viewer(user.user_uid), subscriber):
            await feed.start()
            outbox.offer(mapping.welcome(user.user_id))
            await connection.run(echo, _WARNING)
    except (Closing, DomainError, QuotaExceeded):
        await connection.finish(Closing(CloseCode.POLICY_VIOLATION, _REFUSED))


def _encode(event: StoredEvent) -> bytes | None:
    return mapping.notification(event) if event.type == CREATED else None


async def _accepted(websocket: WebSocket) -> SocketConnection:
    await websocket.accept()
    return SocketConnection(websocket.receive, websocket.send, _CODES)


def _ensure_name(room: str) -> None:
    if _ROOM.fullmatch(room) is None:
        raise Closing(CloseCode.POLICY_VIOLATION, _REFUSED)


class _Writer:
    """Publishes what a client sends."""

    def __init__(self, runtime: Runtime, connection: SocketConnection, caller: SocketCaller, room: str) -> None:
        self._runtime = runtime
        self._outbox = connection.outbox
        self._caller = caller
        self._room = room

    async def publish(self, text: str) -> None:
        """Write a message to the room. Raises ``Closing`` when the credentials of the caller have ended."""
        if _TEXT.fullmatch(text) is None:
            await self._outbox.put(mapping.error("A message has 1 to 4000 characters, and no NUL"))
            return
        try:
            principal = await self._caller.current()
            async with self._runtime.database.write() as session:
                await RoomService(session, principal).publish(self._room, text)
        except InvalidCredentials:
            raise Closing(CloseCode.POLICY_VIOLATION, _REFUSED) from None
        except DomainError as error:
            await self._outbox.put(mapping.error(error.message))
