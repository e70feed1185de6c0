"""Limits on guessing a password with two worker processes, real Redis and clients of several networks."""

import asyncio
import json
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence

import httpx2
import pytest

from tests.support.dialects import DIALECTS
from tests.support.live import Strata
from tests.support.postgres import clone
from tests.support.redis import RedisServer
from tests.support.scrape import Scrape
from tests.support.waiting import PATIENCE

WORKERS = 2
PER_MINUTE, PER_HOUR = 4, 8
PASSWORD, WRONG = "correct horse battery", "a guessed battery"
SPELLINGS = (
    "ada@bücher.example",
    "ADA@BÜCHER.EXAMPLE",
    "Ada@xn--bcher-kva.example",
    "aDa@XN--BCHER-KVA.example",
    "ada@bu\u0308cher.example",
)
OTHER_USER = "grace@example.com"
OUTAGE_USER = "joan@example.com"
"""Workers remember budgets that were used up before Redis was lost, so this user has no attempts in other tests."""
OWNER, ATTACKER = "203.0.113.9", "198.51.100.{}"
PATHS = tuple(dialect.login_url for dialect in DIALECTS.values())


@pytest.fixture(scope="module")
def url(admin_dsn: str, tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[str]:
    strata = Strata(
        tmp_path_factory.mktemp("guessing") / "home",
        asyncio.run(clone(admin_dsn, "system_guessing")),
        STRATA_REDIS__URL=redis_server.url,
        STRATA_AUTH__LOGINS_PER_MINUTE=str(PER_MINUTE),
        STRATA_AUTH__FAILED_LOGINS_PER_HOUR=str(PER_HOUR),
        STRATA_HTTP__TRUSTED_PROXIES=json.dumps(["127.0.0.0/8"]),
    )
    for email in (SPELLINGS[0], OTHER_USER, OUTAGE_USER):
        strata.run("users", "create", email, "--password", PASSWORD)
    with strata.serving("--workers", str(WORKERS)) as found:
        yield found


async def sign_in(url: str, email: str, password: str, network: str, version: int = 1) -> int:
    """The status of one attempt on a new connection, which any worker accepts."""
    form = {"grant_type": "password", "username": email, "password": password}
    async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE, headers={"X-Forwarded-For": network}) as client:
        return (await client.post(PATHS[version % len(PATHS)], data=form)).status_code


async def guess(
    url: str, times: int, networks: Callable[[int], str], spellings: Sequence[str] = SPELLINGS
) -> tuple[Counter[int], float]:
    """The statuses of concurrent guesses in every spelling and both versions, and the seconds that they took."""
    gate, started = asyncio.Semaphore(4), time.monotonic()

    async def one(number: int) -> int:
        async with gate:
            spelling = spellings[number % len(spellings)]
            return await sign_in(url, spelling, WRONG, networks(number), 1 + number % 2)

    statuses = Counter(await asyncio.gather(*(one(number) for number in range(times))))
    return statuses, time.monotonic() - started


async def undisturbed(url: str, server: RedisServer, attempt: Callable[[], Awaitable[None]]) -> None:
    """Run the attempt with empty counters, again while a late reply of Redis made a worker count alone."""
    for _ in range(5):
        with server.client() as client:
            client.flushall()
        before = Scrape.of(url).sum("api_rate_limit_fallbacks_total")
        try:
            await attempt()
        except AssertionError:
            if Scrape.of(url).sum("api_rate_limit_fallbacks_total") == before:
                raise
        else:
            return
        await asyncio.sleep(3)
    raise AssertionError("Redis was too slow in every round")


async def test_a_user_has_one_budget_in_all_workers_versions_and_spellings(url: str, redis_server: RedisServer) -> None:
    async def attempt() -> None:
        statuses, seconds = await guess(url, 30, lambda _number: ATTACKER.format(1))
        assert set(statuses) == {401, 429}
        # A unit of the budget becomes available every 60 / PER_MINUTE seconds.
        refilled = math.ceil(seconds * PER_MINUTE / 60)
        assert PER_MINUTE <= statuses[401] <= PER_MINUTE + refilled
        assert refilled < PER_MINUTE, "too slow to distinguish one budget from one for each worker"
        assert await sign_in(url, SPELLINGS[1], PASSWORD, ATTACKER.format(1)) == 429, "also the right password"
        assert await sign_in(url, OTHER_USER, PASSWORD, ATTACKER.format(1)) == 200, "another user of that network"
        assert await sign_in(url, SPELLINGS[2], PASSWORD, ATTACKER.format(2)) == 200, "the same user, another network"

    await undisturbed(url, redis_server, attempt)


async def test_guesses_from_many_networks_do_not_lock_out_the_owner(url: str, redis_server: RedisServer) -> None:
    assert await sign_in(url, SPELLINGS[0], PASSWORD, OWNER) == 200

    async def attempt() -> None:
        statuses, seconds = await guess(url, 24, lambda number: ATTACKER.format(100 + number))
        assert set(statuses) == {401, 429}
        # Concurrent guesses are admitted before the failure of another one is recorded.
        concurrent, refilled = 4, math.ceil(seconds * PER_HOUR / 3600)
        assert PER_HOUR <= statuses[401] <= PER_HOUR + concurrent + refilled < WORKERS * PER_HOUR
        for number, spelling in enumerate(SPELLINGS):
            stranger = ATTACKER.format(200 + number)
            assert await sign_in(url, spelling, PASSWORD, stranger, 1 + number % 2) == 429
        assert [await sign_in(url, SPELLINGS[3], PASSWORD, OWNER, version) for version in (1, 2)] == [200, 200]
        assert await sign_in(url, OTHER_USER, PASSWORD, ATTACKER.format(250)) == 200

    await undisturbed(url, redis_server, attempt)


async def test_without_redis_each_worker_has_one_budget(url: str, redis_server: RedisServer) -> None:
    assert await sign_in(url, OUTAGE_USER, PASSWORD, OWNER) == 200
    redis_server.kill()
    try:
        statuses, seconds = await guess(url, 30, lambda _number: ATTACKER.format(3), [OUTAGE_USER])
        assert set(statuses) == {401, 429}, "no attempt fails"
        refilled = math.ceil(seconds * PER_MINUTE / 60)
        assert PER_MINUTE <= statuses[401] <= WORKERS * (PER_MINUTE + refilled)
        assert await sign_in(url, OUTAGE_USER, PASSWORD, OWNER) == 200
    finally:
        redis_server.start()
