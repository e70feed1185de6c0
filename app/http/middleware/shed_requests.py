"""Counts the requests that a process rejects under load: one counter, and one log line per second."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context
from typing import Final

import structlog

from app.http.middleware.metrics import LoadSheddingMetrics
from app.http.runtime import Component, Runtime

_LOG: Final = structlog.get_logger()
_SECONDS: Final = 1.0


class ShedRequests(Component):
    """A rejection under load is expected. A line for each would cost more than the rejection."""

    def __init__(self, metrics: LoadSheddingMetrics) -> None:
        self._metrics = metrics
        self._counts: Counter[str] = Counter()
        """Since the last line, by version."""
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def build(cls, runtime: Runtime) -> "ShedRequests":
        """See ``Component``."""
        return cls(runtime.metrics.group(LoadSheddingMetrics))

    def count(self, version: str) -> None:
        """Count one request, and write a line within a second."""
        self._metrics.shed.labels(version).inc()
        self._counts[version] += 1
        if self._timer is None:
            # Without the context of the request.
            self._timer = asyncio.get_running_loop().call_later(_SECONDS, self._write, context=Context())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """See ``Component``: write the last line before the process ends."""
        try:
            yield
        finally:
            if self._timer is not None:
                self._timer.cancel()
                self._write()

    def _write(self) -> None:
        counts, self._counts, self._timer = self._counts, Counter(), None
        _LOG.warning("requests_shed", requests=counts.total(), by_version=dict(counts))
