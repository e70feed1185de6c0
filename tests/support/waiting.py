"""Wait for a condition, with a time limit that a busy machine does not reach."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final, ParamSpec

P = ParamSpec("P")
PATIENCE: Final = 200
"""Seconds until a test gives up what happens within a few on an idle machine; less than the timeout of a test."""
_MARGIN: Final = 3
_SPIN_SECONDS: Final = 0.02


def stretched(seconds: float) -> float:
    """The limit for a promised time on this machine now: three times as long, and longer while its cores are shared."""
    wall, cpu = time.perf_counter(), time.thread_time()
    while time.thread_time() - cpu < _SPIN_SECONDS:
        pass
    return _MARGIN * seconds * max(1.0, (time.perf_counter() - wall) / _SPIN_SECONDS)


def polled(test: Callable[P, None]) -> Callable[P, None]:
    """Run a test that only reads until it passes: what it reads becomes correct with the next scrapes and rules."""

    @wraps(test)
    def run(*arguments: P.args, **named: P.kwargs) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return test(*arguments, **named)
            except (AssertionError, LookupError):
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.2)

    return run


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE, report: Callable[[], object] = str) -> None:
    """Return when ``condition()`` is true; raise ``AssertionError`` with ``report()`` after this many seconds."""
    deadline, pause = time.monotonic() + seconds, 0.02
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not ready after {seconds} s: {report()}")
        time.sleep(pause)
        # Some conditions are requests: each costs the server CPU.
        pause = min(1.2 * pause, 0.2)


async def eventually(condition: Callable[[], Awaitable[object]], seconds: float = PATIENCE) -> None:
    """Return when ``await condition()`` is true; raise ``TimeoutError`` after this many seconds."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the condition is in another process
            await asyncio.sleep(0.02)
