"""Samples the lag of the event loop and the resources of the process, which are not counted as they happen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from observability.metrics.metrics import FINE_BUCKETS, Metrics

_INTERVAL: Final = 0.25
"""Seconds."""
_TICKS_PER_SAMPLE: Final = 4


class EventLoopMetrics:
    """The instrument of the event loop."""

    def __init__(self, metrics: Metrics) -> None:
        self.lag = metrics.histogram(
            "event_loop_lag_seconds", "Seconds by which the event loop was late.", (), FINE_BUCKETS
        )


@asynccontextmanager
async def sampler_running(metrics: Metrics) -> AsyncIterator[None]:
    """Sample while the block runs, and once more at its end."""
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
    lag = metrics.group(EventLoopMetrics).lag.labels()
    ticks = 0
    while True:
        if ticks % _TICKS_PER_SAMPLE == 0:
            metrics.sample()
        ticks += 1
        due = loop.time() + _INTERVAL
        await asyncio.sleep(_INTERVAL)
        lag.observe(max(0.0, loop.time() - due))
