"""One client of ``strata.v2``: carries out its requests, one after another."""

from typing import Any, Final

from pydantic import ValidationError
from starlette.types import Scope

from app.access.errors import InvalidCredentials
from app.errors import DomainError, Unauthenticated
from app.http.live.close_codes import CloseCode
from app.http.runtime import Runtime
from app.http.sockets.caller import SocketCaller
from app.http.sockets.connection import Closing, SocketConnection
from app.http.sockets.rooms import RoomSubscriptions
from app.rooms.reader import RoomReader
from app.rooms.service import RoomService
from versions.kit.typeid import encode
from versions.v2.ids import USER
from versions.v2.live import mapping, schemas

_MAX_ROOMS: Final = 50


class Session:
    """Raises ``Closing`` when the credentials of the caller have ended."""

    def __init__(self, runtime: Runtime, connection: SocketConnection, caller: SocketCaller) -> None:
        self._runtime = runtime
        self._outbox = connection.outbox
        self._caller = caller
        self.rooms: Final = RoomSubscriptions(runtime, connection.outbox, "v2", mapping.message, mapping.reset)

    async def handle(self, text: str) -> None:
        """Answer one message."""
        try:
            request = schemas.CLIENT_MESSAGE.validate_json(text)
        except ValidationError as error:
            await self._outbox.put(mapping.problem(None, "invalid_message", _issues(error)))
            return
        try:
            answer = await self._answer(request)
        except InvalidCredentials:
            raise Closing(CloseCode.UNAUTHENTICATED, "the credentials have ended") from None
        except DomainError as error:
            answer = mapping.problem(request.ref, error.code, error.message)
        await self._outbox.put(answer)

    async def _answer(self, request: Any) -> str:
        match request:
            case schemas.Ping():
                return schemas.Pong(op="pong", ref=request.ref).model_dump_json()
            case schemas.Subscribe():
                return await self._subscribe(request)
            case schemas.Unsubscribe():
                await self.rooms.unsubscribe(mapping.room_of(request.channel))
                return _ack(request)
            case schemas.Publish():
                return await self._publish(request)
            case schemas.Presence():
                return await self._presence(request)
        return mapping.problem(request.ref, "already_authenticated", "The connection is authenticated already.")

    async def _subscribe(self, request: schemas.Subscribe) -> str:
        name = mapping.room_of(request.channel)
        if len(self.rooms) >= _MAX_ROOMS and self.rooms.room(name) is None:
            detail = f"A connection can subscribe to {_MAX_ROOMS} channels."
            return mapping.problem(request.ref, "too_many_channels", detail)
        position = await self.rooms.subscribe(await self._caller.current(), name, request.after)
        return _ack(request, position)

    async def _publish(self, request: schemas.Publish) -> str:
        principal = await self._caller.current()
        async with self._runtime.database.write() as session:
            position = await RoomService(session, principal).publish(mapping.room_of(request.channel), request.text)
        return _ack(request, position)

    async def _presence(self, request: schemas.Presence) -> str:
        room = self.rooms.room(mapping.room_of(request.channel))
        if room is None:
            return mapping.problem(request.ref, "not_subscribed", "Subscribe to the channel first.")
        reader = RoomReader(self._runtime.database.reads, await self._caller.current())
        users = [encode(USER, uid) for uid in await reader.present(room)]
        answer = schemas.Present(op="presence", ref=request.ref, channel=request.channel, user_ids=users)
        return answer.model_dump_json()


async def authenticated(connection: SocketConnection, scope: Scope) -> SocketCaller | None:
    """The caller that the first message names; None after the client has closed.

    Raises ``Closing`` for any other first message, for invalid credentials, and if a quota is used up.
    """
    text = await connection.read()
    if text is None:
        return None
    try:
        request = schemas.CLIENT_MESSAGE.validate_json(text)
    except ValidationError:
        request = None
    if not isinstance(request, schemas.Authenticate):
        raise Closing(CloseCode.UNAUTHENTICATED, "the first message must authenticate")
    try:
        caller = await SocketCaller.of_token(scope, request.token)
    except (InvalidCredentials, Unauthenticated):
        raise Closing(CloseCode.UNAUTHENTICATED, "the token is invalid") from None
    connection.outbox.offer(_ack(request))
    return caller


def _ack(request: Any, position: int | None = None) -> str:
    return schemas.Ack(op="ack", ref=request.ref, position=position).model_dump_json()


def _issues(error: ValidationError) -> str:
    """The first errors of a message, by their places. Never quotes what the client sent."""
    issues = error.errors(include_url=False, include_input=False)[:3]
    return "; ".join(f"{'.'.join(map(str, issue['loc'])) or 'message'}: {issue['msg']}" for issue in issues)
