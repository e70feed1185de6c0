"""Rate limits of two worker processes while Redis stops and restarts: no request fails, and limits stay bounded."""

import asyncio
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.live import Strata
from tests.support.postgres import clone
from tests.support.redis import RedisServer, running_redis
from tests.support.waiting import PATIENCE

QUOTA, WORKERS = 60, 2
PATH = "/api/v2/posts?limit=1"


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="strata-redis-") as folder, running_redis(Path(folder)) as server:
        yield server


async def send(url: str, requests: int, **headers: str) -> Counter[int]:
    """The status codes of this many requests, each on a new connection, so that both worker processes serve some."""

    async def one(gate: asyncio.Semaphore) -> int:
        async with gate, httpx2.AsyncClient(timeout=PATIENCE) as client:
            return (await client.get(f"{url}{PATH}", headers=headers)).status_code

    gate = asyncio.Semaphore(8)
    return Counter(await asyncio.gather(*(one(gate) for _ in range(requests))))


def redis_state(url: str) -> tuple[int, str]:
    response = httpx2.get(f"{url}/health/ready", timeout=PATIENCE)
    return response.status_code, response.json()["dependencies"]["redis"]


def local_decisions(url: str) -> float:
    """How many requests the worker processes charged to their own counters."""
    text = httpx2.get(f"{url}/metrics", timeout=PATIENCE).text
    return sum(map(float, re.findall(r"^api_rate_limit_fallbacks_total\{[^}]*\} (\S+)", text, re.MULTILINE)))


async def ensure_shared_quota(url: str, server: RedisServer) -> None:
    """Assert that both worker processes together admit one quota.

    On a busy machine Redis may reply too late, so that a request is charged to local counters. Such a round is
    repeated.
    """
    for _ in range(5):
        with server.client() as client:
            client.flushall()
        before = local_decisions(url)
        statuses = await send(url, 2 * QUOTA)
        if local_decisions(url) == before:
            assert statuses == {200: QUOTA, 429: QUOTA}
            return
        await asyncio.sleep(3)
    raise AssertionError("Redis was too slow in every round")


async def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def test_limits_without_redis_are_bounded(admin_dsn: str, tmp_path: Path, redis_server: RedisServer) -> None:
    strata = Strata(
        tmp_path / "home",
        await clone(admin_dsn, "system_limits"),
        STRATA_REDIS__URL=redis_server.url,
        STRATA_RATE_LIMIT__ANONYMOUS=json.dumps({"burst": f"{QUOTA}/day"}),
        STRATA_LOG__LEVEL="info",
    )
    with strata.serving("--workers", str(WORKERS)) as url:
        await ensure_shared_quota(url, redis_server)
        assert redis_state(url) == (200, "ok")

        redis_server.kill()
        local = await send(url, 4 * QUOTA)
        assert set(local) <= {200, 429}, "no request fails"
        assert local[200] <= WORKERS * QUOTA, "each worker admits one quota at most"
        assert redis_state(url) == (200, "degraded")
        assert local_decisions(url) > 0

        redis_server.start()
        await wait_until(lambda: redis_state(url) == (200, "ok"))
        await wait_until(lambda: strata.log("serve").count("rate_limit_shared_again") >= WORKERS)
        await ensure_shared_quota(url, redis_server)
        decisions = httpx2.get(f"{url}/metrics", timeout=PATIENCE).text
    assert re.search(r'api_rate_limit_decisions_total\{decision="denied",policy="anonymous\.burst"\} [1-9]', decisions)
    assert '"event":"rate_limit_fallback"' in strata.log("serve").replace(" ", "")


@pytest.mark.parametrize("trusted", [True, False])
async def test_the_forwarded_address_is_used_only_behind_a_trusted_proxy(
    admin_dsn: str, tmp_path: Path, *, trusted: bool
) -> None:
    proxies = json.dumps(["127.0.0.0/8"] if trusted else [])
    strata = Strata(
        tmp_path / "home",
        await clone(admin_dsn, "system_proxies"),
        STRATA_RATE_LIMIT__ANONYMOUS='{"burst": "3/day"}',
        STRATA_HTTP__TRUSTED_PROXIES=proxies,
    )
    with strata.serving() as url:
        assert await send(url, 4, **{"X-Forwarded-For": "203.0.113.1"}) == {200: 3, 429: 1}
        other_address = await send(url, 1, **{"X-Forwarded-For": "203.0.113.1, 203.0.113.2"})
    assert other_address == ({200: 1} if trusted else {429: 1})
