"""When the circuit opens and closes, with a Redis that fails on demand and a clock that the test sets."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from redis.exceptions import ConnectionError as Disconnected

from observability.rate_limit.fallback import FallbackLimiter
from observability.rate_limit.limiter import Decision
from observability.rate_limit.local import LocalLimiter
from observability.rate_limit.policies import PolicySet
from observability.redis import circuit as breaker
from observability.redis.circuit import REASONS

RULES = PolicySet.parse("test", {"burst": "1000/hour"})


class Shared:
    """Fails with ``error`` while it is set. Decides with a quota of its own, which shows who decided."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.charged: list[tuple[str, int]] = []
        self.prepared = 0
        self.closed = False
        self._rules = PolicySet.parse("shared", {"burst": "7/hour"})

    async def charge(self, subject: str, _rules: PolicySet, cost: int = 1) -> Decision:
        self.charged.append((subject, cost))
        if self.error is not None:
            raise self.error
        return await LocalLimiter(10).charge(subject, self._rules, cost)

    async def prepare(self) -> None:
        self.prepared += 1
        if self.error is not None:
            raise self.error

    async def close(self) -> None:
        self.closed = True


class Circuit:
    """The limiter, what it reported, and its clock."""

    def __init__(self) -> None:
        self.shared, self.changes, self.reasons, self.now = Shared(), [], [], 100.0  # type: ignore[var-annotated]  # filled below
        self.slept: list[float] = []
        self.woken = asyncio.Event()
        self.limiter = FallbackLimiter(self.shared, LocalLimiter(10), self)  # type: ignore[arg-type]  # a stand-in

    def circuit_changed(self, *, is_open: bool) -> None:
        self.changes.append(is_open)

    def decided_locally(self, reason: str) -> None:
        self.reasons.append(reason)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.woken.wait()
        self.woken.clear()

    async def probe(self) -> None:
        """Let the probe try once."""
        self.woken.set()
        for _ in range(5):
            await real_sleep(0)

    async def charge(self) -> int:
        return (await self.limiter.charge("ada", RULES, 2)).standings[0].policy.quota


real_sleep = asyncio.sleep


@pytest.fixture
async def circuit(monkeypatch: pytest.MonkeyPatch) -> Circuit:
    circuit = Circuit()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: circuit.now)
    monkeypatch.setattr(breaker.asyncio, "sleep", circuit.sleep)
    return circuit


@pytest.fixture(autouse=True)
def lines() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as found:
        yield found


async def test_redis_decides_while_it_replies(circuit: Circuit, lines: list[Any]) -> None:
    assert (await circuit.charge(), circuit.shared.charged) == (7, [("ada", 2)])
    assert (circuit.changes, circuit.reasons, lines, circuit.limiter.alone) == ([False], [], [], False)


@pytest.mark.parametrize(
    ("error", "reason"), [(TimeoutError(), "late"), (Disconnected(), "unreachable"), (OSError(), "unreachable")]
)
async def test_each_failure_has_its_reason(circuit: Circuit, error: Exception, reason: str) -> None:
    circuit.shared.error = error
    assert await circuit.charge() == 1000
    assert circuit.reasons == [reason]
    assert REASONS == ("late", "unreachable", "open"), "series that start at 0"


async def test_a_defect_is_no_failure_of_redis(circuit: Circuit) -> None:
    circuit.shared.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await circuit.charge()
    assert circuit.reasons == []


async def test_the_circuit_opens_after_a_quarter_of_a_second_of_failures(circuit: Circuit, lines: list[Any]) -> None:
    circuit.shared.error = Disconnected()
    for passed in (0.0, 0.125, 0.1):
        circuit.now += passed
        await circuit.charge()
        assert not circuit.limiter.alone
    circuit.shared.error = None
    assert await circuit.charge() == 7, "a reply in between starts the time again"
    circuit.shared.error = Disconnected()
    for passed in (0.125, 0.125):
        circuit.now += passed
        await circuit.charge()
        assert (circuit.limiter.alone, lines) == (False, [])
    circuit.now += 0.125
    await circuit.charge()
    assert circuit.limiter.alone
    assert circuit.changes == [False, True]
    assert lines == [{"event": "rate_limit_fallback", "reason": "ConnectionError", "log_level": "warning"}]
    circuit.shared.charged.clear()
    assert await circuit.charge() == 1000
    assert (circuit.shared.charged, circuit.reasons[-1]) == ([], "open")


async def test_many_failures_at_once_open_it_once(circuit: Circuit, lines: list[Any]) -> None:
    circuit.shared.error = TimeoutError()
    await circuit.charge()
    circuit.now += 1
    limiter = circuit.limiter
    for _ in range(3):
        limiter._circuit.record_failure(TimeoutError())
    assert circuit.changes == [False, True]
    assert [line["reason"] for line in lines] == ["TimeoutError"]


async def test_the_probe_closes_it_when_redis_replies(circuit: Circuit, lines: list[Any]) -> None:
    circuit.shared.error = Disconnected()
    await circuit.limiter.open()
    assert circuit.shared.prepared == 3, "attempts at the start"
    assert lines == [{"event": "rate_limit_fallback", "reason": "no answer at the start", "log_level": "warning"}]
    await circuit.probe()
    await circuit.probe()
    assert circuit.limiter.alone
    circuit.shared.error = None
    await circuit.probe()
    assert not circuit.limiter.alone
    assert circuit.shared.prepared == 6
    assert len(circuit.slept) == 3
    assert circuit.slept == [pytest.approx(delay, rel=0.2) for delay in (0.1, 0.2, 0.4)], "a growing delay with jitter"
    assert circuit.changes == [False, True, False]
    assert lines[1:] == [{"event": "rate_limit_shared_again", "log_level": "info"}]
    assert await circuit.charge() == 7
    circuit.shared.error = Disconnected()
    circuit.now += 60
    await circuit.charge()
    assert not circuit.limiter.alone, "the failures before do not count"


async def test_it_starts_with_redis_after_one_attempt(circuit: Circuit) -> None:
    await circuit.limiter.open()
    assert (circuit.shared.prepared, circuit.limiter.alone, circuit.changes) == (1, False, [False])


async def test_closing_ends_the_probe_and_the_connection(circuit: Circuit) -> None:
    circuit.shared.error = Disconnected()
    before = asyncio.all_tasks()
    await circuit.limiter.open()
    assert [task.get_name() for task in asyncio.all_tasks() - before] == ["rate-limit-probe"]
    await circuit.limiter.close()
    assert (asyncio.all_tasks(), circuit.shared.closed) == (before, True)
