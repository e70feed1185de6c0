"""The numbers of keys, round trips and admitted requests are bounded."""

import asyncio
import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from observability.rate_limit.local import LocalLimiter
from observability.rate_limit.policies import PolicySet
from observability.rate_limit.redis import RedisLimiter
from observability.tracing.recording import Recording, use_recording
from tests.observability.rate_limit.model import Clock
from tests.support.redis import RedisServer
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[3]
RULES = PolicySet.parse("test", {"burst": "5/minute", "daily": "50/day"})


async def test_local_memory_is_bounded() -> None:
    limiter = LocalLimiter(1000)
    for number in range(20_000):
        await limiter.charge(f"address:{number}", RULES)
        assert len(limiter) <= 1000
    assert len(limiter) == 1000


async def test_flood_of_clients_does_not_reset_an_active_client() -> None:
    limiter = LocalLimiter(1000)
    allowed = 0
    for number in range(4000):
        await limiter.charge(f"address:{number}", RULES)
        if number % 10 == 0:
            allowed += (await limiter.charge("greedy", RULES)).allowed
    assert 5 <= allowed <= 10, "the quota, or that of two windows"


async def test_newcomers_are_limited_although_the_table_is_full() -> None:
    """The counter that was idle longest is dropped, never the newest: its client would have no limit at all."""
    limiter, both = LocalLimiter(1000, Clock()), 2
    for number in range(1000):
        await limiter.charge(f"address:{number}", RULES)
    for newcomer in ("one", "two"):
        allowed = [(await limiter.charge(newcomer, RULES)).allowed for _ in range(8)]
        assert allowed == [True] * 5 + [False] * 3
    # As many clients as there is room for beside the two.
    for number in range(1000 // both - 2):
        await limiter.charge(f"later:{number}", RULES)
    assert [(await limiter.charge(newcomer, RULES)).allowed for newcomer in ("one", "two")] == [False, False]


async def test_counters_of_a_lost_redis_are_continued_although_the_table_is_full() -> None:
    limiter = LocalLimiter(1000, clock := Clock())
    for number in range(1000):
        await limiter.charge(f"address:{number}", RULES)
    elapsed = [(5, 0, clock() % policy.milliseconds) for policy in RULES.policies]
    limiter.adopt("newcomer", RULES, elapsed, clock(), 0)
    assert not (await limiter.charge("newcomer", RULES)).allowed
    for number in range(800):
        limiter.adopt(f"later:{number}", RULES, elapsed, clock(), 0)
        if number == 400:
            # Redis has counted for the client again, so others have been idle for longer.
            limiter.adopt("newcomer", RULES, elapsed, clock(), 0)
        assert len(limiter) == 1000
    assert not (await limiter.charge("newcomer", RULES)).allowed


async def test_redis_keys_expire(redis_server: RedisServer, redis_limiter: Callable[..., RedisLimiter]) -> None:
    limiter = redis_limiter()
    short = PolicySet.parse("test", {"burst": "5/second", "other": "9/second"})
    await asyncio.gather(*(limiter.charge(f"address:{number}", short) for number in range(300)))
    with redis_server.client() as client:
        lifetimes = [client.pttl(key) for key in client.scan_iter()]
        # A key that has expired since it was listed has the lifetime -2, and one that never expires has -1.
        assert all(lifetime != -1 and lifetime <= 2000 for lifetime in lifetimes)
        deadline = time.monotonic() + PATIENCE
        while client.dbsize():
            assert time.monotonic() < deadline, "keys must expire after two windows"
            await asyncio.sleep(0.1)


async def test_a_key_is_kept_for_as_long_as_it_affects_a_decision(
    redis_server: RedisServer, redis_limiter: Callable[..., RedisLimiter]
) -> None:
    """Its units are those of the previous window until the next one ends."""
    clock, hour = Clock(), 3_600_000
    clock.now = clock.now // hour * hour + hour // 4
    await redis_limiter(clock=clock).charge("ada", PolicySet.parse("test", {"burst": "5/hour"}))
    with redis_server.client() as client:
        (lifetime,) = [client.pttl(key) for key in client.scan_iter()]
    assert 2 * hour - hour // 4 - PATIENCE * 1000 < lifetime <= 2 * hour - hour // 4


async def test_keys_of_a_client_are_in_one_cluster_slot(
    redis_server: RedisServer, redis_limiter: Callable[..., RedisLimiter]
) -> None:
    await redis_limiter().charge("user:1", RULES)
    with redis_server.client() as client:
        assert sorted(client.keys()) == ["strata:limit:{user:1}:burst:60", "strata:limit:{user:1}:daily:86400"]


async def test_decision_is_one_round_trip(
    redis_server: RedisServer, redis_limiter: Callable[..., RedisLimiter]
) -> None:
    limiter = redis_limiter()
    await limiter.charge("ada", RULES)
    with redis_server.client() as client, redis_server.client() as listener, listener.monitor() as monitor:
        client.echo("start")
        for _ in range(10):
            await limiter.charge("ada", RULES)
        client.echo("end")
        while "start" not in monitor.next_command()["command"]:
            pass
        seen = []
        while "end" not in (command := monitor.next_command())["command"]:
            if command["client_type"] != "lua":
                seen.append(command["command"].split()[0])
    assert seen == ["EVALSHA"] * 10


async def test_script_is_loaded_again_after_a_restart(
    redis_server: RedisServer, redis_limiter: Callable[..., RedisLimiter]
) -> None:
    limiter = redis_limiter()
    await limiter.charge("ada", RULES)
    with redis_server.client() as client:
        client.script_flush()
    decision = await limiter.charge("ada", RULES)
    assert decision.standings[0].remaining in {3, 4}


def test_several_processes_admit_the_quota_together(redis_server: RedisServer) -> None:
    """In any time ``t`` they admit at most ``quota * (1 + t / window)``, for any number of processes."""
    quota, processes, attempts = 400, 4, 300
    with redis_server.client() as client:
        client.flushall()
    started = time.time()
    command = [sys.executable, "-m", "tests.support.limiter_load", redis_server.url, str(attempts), f"{quota}/hour"]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    admitted = [int(process.communicate(timeout=PATIENCE)[0]) for process in running]
    bound = quota * (1 + (time.time() - started) / 3600)
    assert quota <= sum(admitted) <= math.ceil(bound), admitted
    assert sum(admitted) < processes * attempts


async def test_concurrent_requests_share_round_trips_and_count_each(
    redis_server: RedisServer, redis_limiter: Callable[..., RedisLimiter]
) -> None:
    limiter, rules = redis_limiter(), PolicySet.parse("test", {"burst": "100/hour"})
    with redis_server.client() as client:
        # As after a restart: Redis rejects the digest of all, and each sends the script.
        client.script_flush()
        recordings = [Recording("1" * 32, "2" * 16, sampled=True) for _ in range(40)]

        async def charge(recording: Recording) -> int:
            with use_recording(recording):
                return (await limiter.charge("ada", rules)).standings[0].remaining

        left = await asyncio.gather(*(charge(recording) for recording in recordings))
        assert sorted(left) == list(range(60, 100))
        assert {tuple(child.name for child in recording.children) for recording in recordings} == {("EVALSHA",)}
        before = client.info("stats")["total_reads_processed"]
        await asyncio.gather(*(limiter.charge("ada", rules) for _ in range(40)))
        assert client.info("stats")["total_reads_processed"] - before < 10, "forty separate packets"
