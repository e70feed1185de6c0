"""Wait for a condition, with a time limit."""

import asyncio
import time
from collections.abc import Awaitable, Callable


def wait_until(condition: Callable[[], object], seconds: float, report: Callable[[], object] = str) -> None:
    """Return when ``condition()`` is true; raise ``AssertionError`` with ``report()`` after this many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not ready after {seconds} s: {report()}")
        time.sleep(0.02)


async def eventually(condition: Callable[[], Awaitable[object]], seconds: float = 60) -> None:
    """Return when ``await condition()`` is true; raise ``TimeoutError`` after this many seconds."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the condition is in another process
            await asyncio.sleep(0.02)
