"""The requests of a client of the WebSocket of v2: limits, and what it is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from starlette.websockets import WebSocket

from app.access.errors import InvalidCredentials
from app.access.principal import Principal
from app.errors import Unauthenticated, Unavailable
from app.http.live.close_codes import CloseCode
from app.http.rate_limit.limits import QuotaExceeded
from app.http.sockets.connection import Closing
from app.rooms.views import RoomMessageView
from observability.rate_limit.limiter import decide
from observability.rate_limit.policies import PolicySet
from tests.support.app import TestApp
from tests.support.users import principal_of
from tests.support.waiting import PATIENCE
from versions.kit.typeid import encode
from versions.v2.live import mapping, serving, session
from versions.v2.live.session import Session


class Caller:
    """A caller whose credentials may end after the handshake."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal
        self.ended = False

    async def current(self) -> Principal:
        if self.ended:
            raise InvalidCredentials
        return self.principal


class Client:
    """Sends requests to a session, and keeps the last answer."""

    def __init__(self, app: TestApp, caller: Caller) -> None:
        self.caller = caller
        self.sent: list[dict[str, Any]] = []
        connection: Any = SimpleNamespace(outbox=self)
        self.session = Session(app.runtime, connection, caller)  # type: ignore[arg-type]  # a caller without a handshake

    async def put(self, text: str) -> None:
        self.sent.append(json.loads(text))

    async def call(self, op: str, room: str, **members: Any) -> dict[str, Any]:
        await self.session.handle(json.dumps({"op": op, "ref": "r", "channel": f"rooms/{room}", **members}))
        answer = self.sent.pop()
        assert answer["ref"] == "r", "each answer names its request"
        return answer


@pytest_asyncio.fixture
async def client(test_app: TestApp) -> AsyncIterator[Client]:
    ada = await principal_of(test_app, await test_app.person("ada@example.com"))
    client = Client(test_app, Caller(ada))
    yield client
    await client.session.rooms.close()


async def test_a_connection_has_a_number_of_channels(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert session._MAX_ROOMS == 50
    monkeypatch.setattr(session, "_MAX_ROOMS", 2)
    for room in ("a", "b", "b"):
        assert (await client.call("subscribe", room))["op"] == "ack"
    refused = await client.call("subscribe", "c")
    assert (refused["op"], refused["code"]) == ("error", "too_many_channels")
    assert refused["detail"] == "A connection can subscribe to 2 channels."
    assert (await client.call("unsubscribe", "a"))["position"] is None
    assert (await client.call("subscribe", "c"))["op"] == "ack"


async def test_only_those_who_are_in_a_channel_see_who_is_present(client: Client) -> None:
    refused = await client.call("presence", "a")
    assert (refused["op"], refused["code"]) == ("error", "not_subscribed")
    await client.call("subscribe", "a")
    present = await client.call("presence", "a")
    assert (present["op"], present["channel"], len(present["user_ids"])) == ("presence", "rooms/a", 1)
    await client.call("unsubscribe", "a")
    assert (await client.call("presence", "a"))["code"] == "not_subscribed"


async def test_an_answer_has_the_position(client: Client) -> None:
    subscribed = await client.call("subscribe", "a")
    published = await client.call("publish", "a", text="Hello")
    assert published["position"] > subscribed["position"] >= 0


@pytest.mark.parametrize("op", ["subscribe", "publish"])
async def test_a_request_needs_credentials_and_permissions_of_this_moment(client: Client, op: str) -> None:
    members = {"text": "Hello"} if op == "publish" else {}
    ada = client.caller.principal
    client.caller.principal = Principal(ada.user_id, ada.user_uid, ada.roles, frozenset({"posts:read"}))
    refused = await client.call(op, "a", **members)
    assert (refused["op"], refused["code"]) == ("error", "insufficient_permissions")
    client.caller.ended = True
    with pytest.raises(Closing) as caught:
        await client.call(op, "a", **members)
    assert caught.value.code == CloseCode.UNAUTHENTICATED


async def test_an_invalid_message_names_at_most_three_faults(client: Client) -> None:
    await client.session.handle(json.dumps({"op": "ping", "ref": "r", "a": 1, "b": 2, "c": 3, "d": 4}))
    (answer,) = client.sent
    assert (answer["ref"], answer["code"]) == (None, "invalid_message")
    assert answer["detail"].count(";") == 2


def test_what_happens_in_a_room_is_shown_with_its_position() -> None:
    at = datetime(2026, 11, 30, 12, tzinfo=UTC)
    for kind, text in (("joined", None), ("message", "Hello"), ("left", None)):
        view = RoomMessageView(1, 7, kind, UUID(int=5), 31, text, at)
        assert json.loads(mapping.message("lobby", view)) == {
            "op": "message",
            "channel": "rooms/lobby",
            "position": 7,
            "kind": kind,
            "sender_id": encode("usr", UUID(int=5)),
            "text": text,
            "created_at": "2026-11-30T12:00:00Z",
        }
    assert json.loads(mapping.reset("lobby", 9)) == {"op": "reset", "channel": "rooms/lobby", "position": 9}


async def test_a_client_that_leaves_before_it_authenticates_is_sent_nothing(test_app: TestApp) -> None:
    waiting, sent = [{"type": "websocket.disconnect", "code": 1001}, {"type": "websocket.connect"}], list[Any]()

    async def receive() -> Any:
        return waiting.pop()

    async def send(message: Any) -> None:
        sent.append(message["type"])

    scope = {"type": "websocket", "path": "/api/v2/ws", "headers": [], "subprotocols": [], "app": test_app}
    await asyncio.wait_for(serving.serve(WebSocket(scope, receive, send)), PATIENCE)
    assert sent == ["websocket.accept"]


QUOTA = decide(PolicySet.parse("free", {"burst": "1/day"}), [(1, 0, 0)], 1, 0, counted=False)
"""One that is used up."""


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (QuotaExceeded(QUOTA), CloseCode.TOO_MANY_MESSAGES, "the rate limit is exceeded"),
        (Unavailable(retry_after=1), CloseCode.TRY_AGAIN_LATER, "unavailable"),
        (InvalidCredentials(), CloseCode.UNAUTHENTICATED, "the token is invalid"),
        (Unauthenticated(), CloseCode.UNAUTHENTICATED, "the token is invalid"),
    ],
)
async def test_a_first_message_that_is_rejected_closes_with_its_code(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, reason: str
) -> None:
    async def reject(*_: object) -> None:
        raise error

    monkeypatch.setattr(session.SocketCaller, "of_token", reject)
    first = json.dumps({"op": "authenticate", "ref": "r", "token": "a"})
    waiting, sent = [{"type": "websocket.receive", "text": first}, {"type": "websocket.connect"}], list[Any]()

    async def receive() -> Any:
        return waiting.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/api/v2/ws", "headers": [], "subprotocols": [], "app": test_app}
    await asyncio.wait_for(serving.serve(WebSocket(scope, receive, send)), PATIENCE)
    accepted, closed = sent
    assert accepted["type"] == "websocket.accept"
    assert (closed["type"], closed["code"], closed["reason"]) == ("websocket.close", code, reason)


@pytest.mark.parametrize("subprotocols", [["strata.v2", "other"], ["other"]])
async def test_a_client_that_does_not_authenticate_is_closed(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch, subprotocols: list[str]
) -> None:
    assert serving._FIRST_MESSAGE_SECONDS == 10
    monkeypatch.setattr(serving, "_FIRST_MESSAGE_SECONDS", 0.01)
    waiting, sent = [{"type": "websocket.connect"}], list[Any]()

    async def receive() -> Any:
        return waiting.pop() if waiting else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/api/v2/ws", "headers": [], "subprotocols": subprotocols, "app": test_app}
    await asyncio.wait_for(serving.serve(WebSocket(scope, receive, send)), PATIENCE)
    accepted, closed = sent
    assert accepted["subprotocol"] == ("strata.v2" if "strata.v2" in subprotocols else None), (
        "only one that was offered"
    )
    assert (closed["type"], closed["code"]) == ("websocket.close", CloseCode.UNAUTHENTICATED)
