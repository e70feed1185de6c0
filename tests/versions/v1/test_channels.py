"""What the WebSockets of v1 accept and send: the AsyncAPI document describes it."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final, cast

import jsonschema_rs
import pytest
from sqlalchemy import text
from starlette.websockets import WebSocket

from app.access.errors import InvalidCredentials
from app.access.principal import Principal
from app.errors import Unavailable
from app.events.stored import StoredEvent
from app.http.live.close_codes import CloseCode
from app.http.rate_limit.limits import QuotaExceeded
from app.http.sockets.connection import Closing
from contracts import kinds
from observability.rate_limit.limiter import decide
from observability.rate_limit.policies import PolicySet
from tests.support.app import TestApp
from tests.support.users import principal_of
from versions.v1.live import session
from versions.v1.live.session import _TEXT

CHANNELS: Final = json.loads(kinds.ASYNCAPI.frozen_path("v1").read_text())["channels"]


@pytest.mark.parametrize("words", ["", "a", "a\nb", "é", "x" * 4000, "x" * 4001, "a\x00", "\x00"])
def test_a_room_accepts_the_texts_that_are_described(words: str) -> None:
    schema = CHANNELS["chat"]["messages"]["Text"]["payload"]
    assert jsonschema_rs.validator_for(schema).is_valid(words) is (_TEXT.fullmatch(words) is not None)


@pytest.mark.parametrize(
    ("name", "valid"),
    [("a", True), ("Room_1-b", True), ("x" * 64, True), ("x" * 65, False), ("", False), ("a b", False), ("a\n", False)],
)
def test_a_room_has_a_name_as_it_is_described(name: str, *, valid: bool) -> None:
    if valid:
        session._ensure_name(name)
        return
    with pytest.raises(Closing) as caught:
        session._ensure_name(name)
    assert caught.value.code == CloseCode.POLICY_VIOLATION


class Outbox:
    """Records what is sent to the client."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []

    async def put(self, text: str) -> None:
        self.sent.append(json.loads(text))


class Caller:
    """A caller whose credentials change after the handshake."""

    def __init__(self, now: Principal | InvalidCredentials) -> None:
        self._now = now

    async def current(self) -> Principal:
        if isinstance(self._now, InvalidCredentials):
            raise self._now
        return self._now


async def publish(app: TestApp, now: Principal | InvalidCredentials, words: str) -> list[dict[str, str]]:
    outbox = Outbox()
    connection: Any = SimpleNamespace(outbox=outbox)
    caller: Any = Caller(now)
    await session._Writer(app.runtime, connection, caller, "lobby").publish(words)
    return outbox.sent


async def rooms(app: TestApp) -> list[str]:
    async with app.runtime.database.write() as transaction:
        return list(await transaction.scalars(text("SELECT text FROM room_messages ORDER BY position")))


async def test_a_message_is_written_with_the_permissions_of_this_moment(test_app: TestApp) -> None:
    ada = await principal_of(test_app, await test_app.person("ada@example.com"))
    reader = Principal(ada.user_id, ada.user_uid, ada.roles, frozenset({"rooms:read"}))
    assert await publish(test_app, ada, "written") == []
    for caller, words in ((reader, "refused"), (ada, ""), (ada, "x" * 4001), (ada, "a\x00")):
        (answer,) = await publish(test_app, caller, words)
        assert answer["type"] == "error"
    with pytest.raises(Closing) as caught:
        await publish(test_app, InvalidCredentials(), "too late")
    assert caught.value.code == CloseCode.POLICY_VIOLATION
    assert await rooms(test_app) == ["written"]


QUOTA = decide(PolicySet.parse("free", {"burst": "1/day"}), [(1, 0, 0)], 1, 0, counted=False)
"""One that is used up."""


@pytest.mark.parametrize("channel", ["chat", "notifications"])
@pytest.mark.parametrize("error", [QuotaExceeded(QUOTA), Unavailable(retry_after=1), InvalidCredentials()])
async def test_a_rejected_caller_is_accepted_and_then_closed_1008(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch, channel: str, error: Exception
) -> None:
    async def reject(*_: object) -> None:
        raise error

    monkeypatch.setattr(session.SocketCaller, "of_token", reject)
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/", "headers": [], "state": test_app.runtime.state()}
    websocket = WebSocket(scope, receive, send)
    if channel == "chat":
        await session.chat(websocket, "lobby", "token")
    else:
        await session.notifications(websocket, "token")
    accepted, closed = sent
    assert (accepted["type"], closed["type"], closed["code"]) == ("websocket.accept", "websocket.close", 1008)


def test_a_client_of_notifications_is_sent_new_ones_only() -> None:
    values: dict[str, Any] = {"payload": {"message": "Hello"}, "occurred_at": datetime(2026, 11, 30, tzinfo=UTC)}
    for kind, sent in (("notification.created", True), ("notification.read", False), ("post.created", False)):
        event = cast("StoredEvent", SimpleNamespace(type=kind, **values))
        assert (session._encode(event) is not None) is sent
