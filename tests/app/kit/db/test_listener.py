"""A listener hears its channels on one connection, notices its loss, and connects again whatever the error is."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from app.kit.db import closing, listener
from app.kit.db.closing import close_connection
from app.kit.db.listener import Listener, ListenerSettings
from tests.support.database_proxy import database_proxy
from tests.support.postgres import end_sessions, owner_dsn
from tests.support.waiting import PATIENCE, eventually

NEVER = 3600.0


class Heard:
    """Records the payloads of a channel."""

    def __init__(self) -> None:
        self.payloads: list[str | None] = []

    def __call__(self, payload: str | None) -> None:
        self.payloads.append(payload)

    async def reach(self, number: int) -> None:
        async def reached() -> bool:
            return len(self.payloads) >= number

        await eventually(reached)


def listener_of(dsn: str, **channels: Heard) -> Listener:
    found = Listener(ListenerSettings(dsn, 5, "test listener"))
    for channel, heard in channels.items():
        found.subscribe(channel, heard)
    return found


@asynccontextmanager
async def connection_to(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


class Connects:
    """Records the options and the connections of ``asyncpg.connect``, after raising the given errors."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *errors: Exception) -> None:
        self.connections: list[Any] = []
        self.options: dict[str, Any] = {}
        self._errors = list(errors)
        self._connect = asyncpg.connect
        monkeypatch.setattr(listener.asyncpg, "connect", self)

    async def __call__(self, dsn: str, **options: Any) -> Any:
        self.options = options
        if self._errors:
            raise self._errors.pop(0)
        self.connections.append(await self._connect(dsn, **options))
        return self.connections[-1]


class Delays:
    """Records after how many failures the listener connects again, which is at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failures: list[int] = []
        monkeypatch.setattr(listener, "_BACKOFF", self)

    def delay(self, failures: int) -> float:
        self.failures.append(failures)
        return 0.0


async def test_each_subscriber_hears_its_channel(database_dsn: str) -> None:
    first, second, other = Heard(), Heard(), Heard()
    found = listener_of(database_dsn, toys=first, tools=other)
    found.subscribe("toys", second)
    async with found.running(), connection_to(database_dsn) as sender:
        await second.reach(1)
        await sender.execute("NOTIFY toys, 'a ball'")
        await sender.execute("NOTIFY tools, 'a saw'")
        await other.reach(2)
    assert (first.payloads, second.payloads) == ([None, "a ball"], [None, "a ball"])
    assert other.payloads == [None, "a saw"]


async def test_a_listener_without_subscribers_opens_no_connection(
    database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connects = Connects(monkeypatch)
    async with listener_of(database_dsn).running():
        for _ in range(50):
            await asyncio.sleep(0)
    assert connects.options == {}


async def test_each_network_call_is_limited_and_the_connection_is_closed_at_the_end(
    database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connects, heard = Connects(monkeypatch), Heard()
    async with listener_of(database_dsn, toys=heard).running():
        await heard.reach(1)
    assert (connects.options["timeout"], connects.options["command_timeout"]) == (5, 5)
    assert connects.options["server_settings"] == {"application_name": "test listener"}
    assert [connection.is_closed() for connection in connects.connections] == [True]


async def test_a_listener_connects_again_after_every_error_of_the_server(
    database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = [ConnectionRefusedError(), asyncpg.CannotConnectNowError(), TimeoutError()]
    Connects(monkeypatch, *errors)
    delays, heard = Delays(monkeypatch), Heard()
    monkeypatch.setattr(listener, "_PROBE_SECONDS", NEVER)
    with capture_logs() as lines:
        async with listener_of(database_dsn, toys=heard).running():
            await heard.reach(1)
            await end_sessions(owner_dsn(database_dsn))
            await heard.reach(2)
    assert delays.failures == [0, 1, 2, 0], "a loss is noticed without a probe, and ends the series of failures"
    assert [line["event"] for line in lines if line["log_level"] == "warning"] == ["listener_disconnected"] * 4


async def test_a_silent_connection_is_probed(database_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is gone without a word sends nothing, as one without news."""
    assert listener._PROBE_SECONDS <= 60
    monkeypatch.setattr(listener, "_PROBE_SECONDS", 0.01)
    monkeypatch.setattr(closing, "_SECONDS", 0.05)
    heard = Heard()
    with tempfile.TemporaryDirectory(prefix="strata-proxy-") as folder:
        async with database_proxy(database_dsn, Path(folder)) as proxy:
            found = Listener(ListenerSettings(proxy.dsn, 0.5, "test listener"))
            found.subscribe("toys", heard)
            async with found.running():
                await heard.reach(1)
                proxy.hang()
                with capture_logs() as lines:

                    async def noticed() -> bool:
                        return any(line["event"] == "listener_disconnected" for line in lines)

                    await eventually(noticed)
                proxy.resume()
                await heard.reach(2)


def test_news_come_soon_after_an_outage() -> None:
    assert listener._BACKOFF.delay(0) < 1
    assert listener._BACKOFF.delay(1000) < 10


async def test_closing_does_not_wait_for_a_server_that_hangs(
    database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "_SECONDS", 0.05)
    with tempfile.TemporaryDirectory(prefix="strata-proxy-") as folder:
        async with database_proxy(database_dsn, Path(folder)) as proxy:
            connection = await asyncpg.connect(proxy.dsn)
            proxy.hang()
            await asyncio.wait_for(close_connection(connection), PATIENCE)
            assert connection.is_closed()
            await close_connection(connection)
            proxy.resume()
