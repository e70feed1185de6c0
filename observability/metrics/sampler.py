"""What is not counted as it happens is looked at now and then: how late the event loop is, what the process uses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from observability.metrics.metrics import Metrics

_INTERVAL: Final = 0.25
_TICKS_PER_SAMPLE: Final = 4


@asynccontextmanager
async def sampler_running(metrics: Metrics) -> AsyncIterator[None]:
    """Look while the block runs. A block that ends leaves the last values behind."""
    task = asyncio.create_task(_sample(metrics), name="metrics sampler")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        metrics.sample()


async def _sample(metrics: Metrics) -> None:
    loop = asyncio.get_running_loop()
    lag = metrics.loop_lag.labels()
    ticks = 0
    while True:
        if ticks % _TICKS_PER_SAMPLE == 0:
            metrics.sample()
        ticks += 1
        due = loop.time() + _INTERVAL
        await asyncio.sleep(_INTERVAL)
        lag.observe(max(0.0, loop.time() - due))
