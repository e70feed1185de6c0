"""The WebSocket of v2, against a running server."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.http.live.close_codes import CloseCode
from app.kit.db.database import Database
from app.rooms.housekeeping import RoomHousekeeping
from app.settings.database import DatabaseSettings
from tests.support.live import Strata, api_key
from tests.support.postgres import clone
from tests.support.scrape import Scrape
from tests.support.sockets import PROTOCOL, SocketClient, socket

WS = "/api/v2/ws"
ROOM = {"channel": "rooms/lobby"}


@dataclass
class Served:
    strata: Strata
    url: str
    ada: dict[str, str]
    bob: dict[str, str]


@pytest_asyncio.fixture(scope="module")
async def served(admin_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    strata = Strata(tmp_path_factory.mktemp("socket") / "home", await clone(admin_dsn, "socket"))
    ada, bob = (dict(api_key(strata, f"{name}@example.com", "author")) for name in ("ada", "bob"))
    with strata.serving() as url:
        yield Served(strata, url, ada, bob)


def ops(messages: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [(message["kind"], message["text"]) for message in messages]


async def receive(client: SocketClient, count: int) -> list[dict[str, Any]]:
    return [await client.receive() for _ in range(count)]


async def test_a_message_reaches_everybody_in_the_room_with_its_stored_position(served: Served) -> None:
    async with socket(served.url, WS, served.ada) as ada, socket(served.url, WS, served.bob) as bob:
        assert ada.connection.subprotocol == PROTOCOL
        started = await ada.call(op="subscribe", ref="1", **ROOM)
        assert started["op"] == "ack"
        assert (await ada.receive())["kind"] == "joined"
        await bob.call(op="subscribe", ref="1", **ROOM)
        stored = await bob.call(op="publish", ref="2", text="Hello", **ROOM)
        joined, hello = await receive(ada, 2)
        assert ops([joined, hello]) == [("joined", None), ("message", "Hello")]
        assert hello["position"] == stored["position"] == started["position"] + 3
        assert hello["sender_id"] == joined["sender_id"]
        present = await ada.call(op="presence", ref="3", **ROOM)
        assert len(present["user_ids"]) == 2
        assert Scrape.of(served.url).sum("realtime_connections", api_version="v2", channel="websocket") >= 2
        assert hello["sender_id"] in present["user_ids"]
        assert (await bob.call(op="unsubscribe", ref="4", **ROOM))["op"] == "ack"
        assert (await ada.receive())["kind"] == "left"
    async with socket(served.url, WS, served.bob) as again:
        await again.call(op="subscribe", ref="1", after=started["position"], **ROOM)
        found = await receive(again, 4)
        assert [message["position"] for message in found] == [started["position"] + 1 + n for n in range(4)]


async def test_a_position_that_is_not_known_resets_the_channel(served: Served) -> None:
    async with socket(served.url, WS, served.ada) as ada:
        for ref, after in (("1", 5), ("2", 2**52)):
            await ada.call(op="subscribe", ref=ref, after=after, channel=f"rooms/reset-{ref}")
            assert (await ada.receive())["op"] == "reset"
            stored = await ada.call(op="publish", ref="3", text="after", channel=f"rooms/reset-{ref}")
            assert (await ada.receive())["position"] == stored["position"]


async def purge(dsn: str) -> None:
    """Delete messages with this text, as if they were old."""
    database = await Database.open(dsn, DatabaseSettings())
    try:
        async with database.write() as session:
            await session.execute(text("UPDATE room_messages SET created_at = '2026-01-01Z' WHERE text = 'old'"))
        assert await RoomHousekeeping(database, 24).purge() == 1
    finally:
        await database.close()


async def test_messages_that_were_deleted_reset_the_channel(served: Served) -> None:
    room = {"channel": "rooms/deleted"}
    async with socket(served.url, WS, served.ada) as ada:
        await ada.call(op="subscribe", ref="1", **room)
        stored = [await ada.call(op="publish", ref="2", text=each, **room) for each in ("old", "newer", "newest")]
    positions = [message["position"] for message in stored]
    await purge(served.strata.environment["STRATA_DATABASE__URL"])
    async with socket(served.url, WS, served.ada) as again:
        await again.call(op="subscribe", ref="1", after=positions[0], **room)
        assert [message["text"] for message in await receive(again, 2)] == ["newer", "newest"], "none was missed"
    async with socket(served.url, WS, served.ada) as late:
        await late.call(op="subscribe", ref="1", after=positions[0] - 1, **room)
        reset = await late.receive()
        assert (reset["op"], reset["channel"]) == ("reset", room["channel"])


async def test_the_first_message_authenticates(served: Served) -> None:
    key = served.ada["X-API-Key"]
    async with socket(served.url, WS) as client:
        assert (await client.call(op="authenticate", ref="1", token=key))["op"] == "ack"
        assert (await client.call(op="ping", ref="2"))["op"] == "pong"
        assert (await client.call(op="authenticate", ref="3", token=key))["code"] == "already_authenticated"


@pytest.mark.parametrize(
    "first", [{"op": "ping", "ref": "1"}, {"op": "authenticate", "ref": "1", "token": "wrong"}, {}]
)
async def test_any_other_first_message_closes_4401(served: Served, first: dict[str, str]) -> None:
    async with socket(served.url, WS) as client:
        await client.send(**first)
        assert await client.close_code() == 4401


async def test_wrong_credentials_of_a_handshake_are_a_problem(served: Served) -> None:
    with pytest.raises(InvalidStatus) as raised:
        async with socket(served.url, WS, {"Authorization": "Bearer wrong"}):
            pass
    assert raised.value.response.status_code == 401
    assert raised.value.response.headers["content-type"] == "application/problem+json"
    assert raised.value.response.headers["www-authenticate"].startswith("Bearer")


async def test_a_revoked_key_closes_at_the_next_request(served: Served) -> None:
    key = dict(api_key(served.strata, "carl@example.com", "author"))
    async with socket(served.url, WS, key) as client:
        assert (await client.call(op="publish", ref="1", text="a", **ROOM))["op"] == "ack"
        (found,) = [each for each in served.strata.json("keys", "list") if each["owner"] == "carl@example.com"]
        served.strata.run("keys", "revoke", found["id"], "--yes")
        await client.send(op="publish", ref="2", text="b", **ROOM)
        assert await client.close_code() == 4401


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("{", "Invalid JSON"),
        ("[]", "object"),
        ('{"op":"dance","ref":"1"}', "dance"),
        ('{"op":"publish","ref":"1","channel":"rooms/a b","text":"x"}', "channel"),
        ('{"op":"publish","ref":"1","channel":"rooms/a","text":"\\u0000"}', "text"),
        ('{"op":"publish","ref":"1","channel":"rooms/a","text":"\\ud800"}', "Invalid JSON"),
        ('{"op":"ping","ref":"1","other":1}', "other"),
        ("[" * 60_000, "Invalid JSON"),
    ],
)
async def test_an_invalid_message_is_an_error_and_the_connection_goes_on(served: Served, sent: str, said: str) -> None:
    async with socket(served.url, WS, served.ada) as client:
        await client.connection.send(sent)
        answer = await client.receive()
        assert (answer["op"], answer["code"]) == ("error", "invalid_message")
        assert said in answer["detail"]
        assert (await client.call(op="ping", ref="2"))["op"] == "pong"


async def test_frames_that_are_no_text_close_with_the_code_of_the_standard(served: Served) -> None:
    async with socket(served.url, WS, served.ada) as client:
        await client.connection.send(b"binary")
        assert await client.close_code() == 1003
    async with socket(served.url, WS, served.ada) as client:
        await client.connection.send(b"\xff\xfe", text=True)
        assert await client.close_code() == 1007
    async with socket(served.url, WS, served.ada) as client:
        await client.connection.send("x" * 65_537)
        assert await client.close_code() == 1009
    assert "Traceback" not in served.strata.log("serve")


async def test_a_flood_is_warned_and_then_closed(served: Served) -> None:
    async with socket(served.url, WS, served.ada) as client:
        for number in range(400):
            await client.send(op="ping", ref=str(number))
        codes = set()
        with suppress(ConnectionClosed):
            while True:
                codes.add((await client.receive()).get("code", "pong"))
        assert codes == {"pong", "too_many_messages"}
        assert await client.close_code() == 4429


async def test_a_caller_without_the_permission_is_told_so(served: Served) -> None:
    reader = served.strata.json("keys", "create", "ada@example.com", "--name", "reader", "--scope", "rooms:read")
    async with socket(served.url, WS, {"X-API-Key": reader["key"]}) as client:
        assert (await client.call(op="subscribe", ref="1", **ROOM))["op"] == "ack"
        refused = await client.call(op="publish", ref="2", text="x", **ROOM)
        assert (refused["op"], refused["code"]) == ("error", "insufficient_permissions")


async def test_a_connection_ends_at_its_maximum_age_and_its_client_resumes(served: Served) -> None:
    room = {"channel": "rooms/aged"}
    with served.strata.serving(STRATA_REALTIME__MAX_CONNECTION_SECONDS="1") as url:
        async with socket(url, WS, served.ada) as first:
            position = (await first.call(op="subscribe", ref="1", **room))["position"]
            assert await first.close_code() == CloseCode.SERVICE_RESTART
            assert first.connection.close_reason == "max_age"
        async with socket(served.url, WS, served.bob) as bob:
            await bob.call(op="publish", ref="1", text="meanwhile", **room)
        async with socket(url, WS, served.ada) as again:
            await again.call(op="subscribe", ref="1", after=position, **room)
            texts = [(await again.receive())["text"] for _ in range(3)]
    assert "meanwhile" in texts
    assert "Traceback" not in served.strata.log("serve")
