"""The WebSockets of v1, against a running server."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx2
import pytest
import pytest_asyncio

from tests.support.live import Strata, api_key
from tests.support.postgres import clone
from tests.support.scrape import Scrape
from tests.support.sockets import socket
from tests.support.waiting import PATIENCE

CHAT = "/api/v1/ws/chat/lobby"
NOTIFICATIONS = "/api/v1/ws/notifications"


@pytest_asyncio.fixture(scope="module")
async def strata(admin_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Strata:
    home = tmp_path_factory.mktemp("socket") / "home"
    chatty = {"STRATA_LOG__LEVEL": "debug", "STRATA_LOG__FORMAT": "json"}
    return Strata(home, await clone(admin_dsn, "sockets"), **chatty)


@pytest_asyncio.fixture(scope="module")
async def url(strata: Strata) -> AsyncIterator[str]:
    with strata.serving() as served, strata.running("worker"):
        yield served


def key(strata: Strata, name: str) -> str:
    return api_key(strata, f"{name}@example.com", "author")["X-API-Key"]


async def test_messages_of_a_room_reach_all_its_clients(strata: Strata, url: str) -> None:
    ada_key, bob_key = key(strata, "ada"), key(strata, "bob")
    async with socket(url, f"{CHAT}/{ada_key}") as ada:
        joined = await ada.receive()
        assert joined == {"type": "user_joined", "room_id": "lobby", "user_id": joined["user_id"]}
        async with socket(url, f"{CHAT}/{bob_key}") as bob:
            came = await ada.receive()
            assert (came["type"], came["user_id"] != joined["user_id"]) == ("user_joined", True)
            assert await bob.receive() == came
            await bob.connection.send("Hello")
            expected = {"type": "message", "room_id": "lobby", "user_id": came["user_id"], "message": "Hello"}
            assert await ada.receive() == expected
            assert await bob.receive() == expected
            await bob.connection.send("")
            assert (await bob.receive())["type"] == "error"
            assert Scrape.of(url).sum("realtime_connections", api_version="v1", channel="websocket") >= 2
        assert await ada.receive() == {**came, "type": "user_left"}
    assert ada_key not in strata.log("serve")
    assert bob_key not in strata.log("serve")
    assert '"event":"websocket"' in strata.log("serve")


@pytest.mark.parametrize("path", [f"{CHAT}/wrong", f"{NOTIFICATIONS}/wrong", "/api/v1/ws/chat/no%20room/{key}"])
async def test_a_refused_connection_is_accepted_and_then_closed_1008(strata: Strata, url: str, path: str) -> None:
    async with socket(url, path.format(key=key(strata, f"carl{len(path)}"))) as client:
        assert await client.close_code() == 1008


@pytest.mark.parametrize(("path", "scope"), [(CHAT, "rooms:write"), (NOTIFICATIONS, "notifications:write")])
async def test_a_key_that_may_not_read_is_refused(strata: Strata, url: str, path: str, scope: str) -> None:
    name = f"{scope.replace(':', '-')}@example.com"
    strata.run("users", "create", name)
    text = strata.json("keys", "create", name, "--name", "test", "--scope", scope)["key"]
    async with socket(url, f"{path}/{text}") as client:
        assert await client.close_code() == 1008


async def test_new_notifications_reach_their_user_only(strata: Strata, url: str) -> None:
    senders = api_key(strata, "moderator@example.com", "moderator")
    async with AsyncExitStack() as stack:
        ada, bob = [
            await stack.enter_async_context(socket(url, f"{NOTIFICATIONS}/{key(strata, name)}"))
            for name in ("dora", "emil")
        ]
        users = [(await client.receive())["user_id"] for client in (ada, bob)]
        async with httpx2.AsyncClient(base_url=url, headers=senders, timeout=PATIENCE) as client:
            for user, message in zip(users, ("To Dora", "To Emil"), strict=True):
                sent = await client.post(f"/api/v1/ws/send-notification/{user}", params={"message": message})
                assert sent.status_code == 200, sent.text
        for client, message in ((ada, "To Dora"), (bob, "To Emil")):
            found = await client.receive()
            assert (found["type"], found["message"]) == ("notification", message)
            assert sorted(found) == ["created_at", "message", "type"]
            await client.connection.send("Hello")
            assert await client.receive() == {"type": "echo", "message": "Hello"}


@pytest.mark.parametrize("path", [CHAT, NOTIFICATIONS])
async def test_a_connection_of_a_revoked_key_is_closed_1008(strata: Strata, url: str, path: str) -> None:
    name = f"{path.split('/')[4]}@example.com"
    strata.run("users", "create", name)
    created = strata.json("keys", "create", name, "--name", "test")
    text = created["key"]
    async with socket(url, f"{path}/{text}") as client:
        await client.receive()
        strata.run("keys", "revoke", created["id"], "--yes")
        assert await client.close_code() == 1008
    assert text not in strata.log("serve")
