"""Usage and evidence of a server whose tables are locked for a while, and which is then killed under traffic."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import asyncpg
import httpx2
import pytest

from app.settings.lifecycle import LifecycleSettings
from tests.support.live import Process, Strata, api_key, free_port, wait_until_ready
from tests.support.postgres import clone, owner_dsn
from tests.support.scrape import Scrape
from tests.support.waiting import PATIENCE, eventually, stretched

INTERVAL = 1.0
PAUSE = 0.02
LOCK = "LOCK TABLE usage_days, usage_elements IN ACCESS EXCLUSIVE MODE"


class Sender:
    """Sends requests of one consumer one after another until the server is gone, and notes when each response came."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self.received: list[float] = []
        self._url = f"{url}/api/v2/posts?limit=3"
        self._headers = headers
        self._ending = Event()

    @contextmanager
    def sending(self) -> Iterator[None]:
        thread = Thread(target=self._send, daemon=True)
        thread.start()
        yield
        self._ending.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()

    def _send(self) -> None:
        with httpx2.Client(headers=dict(self._headers), timeout=PATIENCE) as client:
            while not self._ending.wait(PAUSE):
                try:
                    status = client.get(self._url).status_code
                except httpx2.TransportError:
                    return
                assert status == 200
                self.received.append(time.monotonic())


@pytest.fixture
async def dsn(admin_dsn: str) -> str:
    return await clone(admin_dsn, "survives")


@contextmanager
def server(strata: Strata) -> Iterator[tuple[str, Process]]:
    port = free_port()
    with strata.running("serve", PORT=str(port)) as process:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process, lambda: strata.log("serve"))
        yield url, process


async def stored(connection: "asyncpg.Connection[asyncpg.Record]") -> tuple[int, int]:
    """The requests that are counted, and those that are evidence."""
    requests = await connection.fetchval("SELECT coalesce(sum(requests), 0)::int FROM usage_days WHERE feature = ''")
    return requests, await connection.fetchval("SELECT coalesce(sum(observed), 0)::int FROM usage_elements")


async def test_nothing_waits_for_the_database_and_a_kill_loses_one_interval(dsn: str, tmp_path: Path) -> None:
    assert LifecycleSettings().usage_flush == 10, "what a killed process may lose"
    everything = {"STRATA_USAGE__SAMPLE_RATIO": "1", "STRATA_USAGE__MAX_SAMPLES_PER_SECOND": "10000"}
    strata = Strata(tmp_path / "home", dsn, STRATA_LIFECYCLE__USAGE_FLUSH=str(INTERVAL), **everything)
    key = api_key(strata)
    connection, owner = await asyncpg.connect(dsn), await asyncpg.connect(owner_dsn(dsn))
    with server(strata) as (url, process):
        sender = Sender(url, key)
        with sender.sending():
            async with owner.transaction():
                await owner.execute(LOCK)
                # Responses arrive while two flushes wait for the lock, and give up.
                for event in ("usage_not_written", "usage_evidence_not_written"):
                    await eventually(lambda event=event: says(strata, event))
                during = len(sender.received)
                await eventually(lambda: has_more(sender, during + 5))
                scrape = await asyncio.to_thread(Scrape.of, url)
                assert scrape.sum("api_usage_evidence_lag_seconds") > INTERVAL
                assert scrape.sum("api_usage_evidence_dropped_total") == 0
        sent = len(sender.received)
        await eventually(lambda: is_stored(connection, sent))
        last = Sender(url, key)
        promised = stretched(INTERVAL)
        with last.sending():
            await asyncio.sleep(1.5 * promised)
            killed = time.monotonic()
            os.kill(process.pid, signal.SIGKILL)
            await asyncio.to_thread(process.wait, PATIENCE)
    kept = await stored(connection)
    written = sum(received < killed - promised for received in last.received)
    assert written > 0
    for count in kept:
        # The last request may be counted although its response did not arrive.
        assert sent + written <= count <= sent + len(last.received) + 1
    with server(strata) as (url, _), httpx2.Client(headers=dict(key), timeout=PATIENCE) as client:
        for _ in range(3):
            assert client.get(f"{url}/api/v2/posts").status_code == 200
    assert await stored(connection) == tuple(count + 3 for count in kept)
    await connection.close()
    await owner.close()


async def says(strata: Strata, event: str) -> bool:
    return event in strata.log("serve")


async def has_more(sender: Sender, count: int) -> bool:
    return len(sender.received) > count


async def is_stored(connection: "asyncpg.Connection[asyncpg.Record]", count: int) -> bool:
    return await stored(connection) == (count, count)
