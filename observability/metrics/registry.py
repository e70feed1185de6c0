"""The registry that a scrape reads: the series of every process, and requests by consumer."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final, Protocol

from prometheus_client import CollectorRegistry

from observability.metrics.multiprocess.collector import MergedCollector
from observability.metrics.multiprocess.consumers import ConsumerTable
from observability.metrics.multiprocess.layout import Family
from observability.metrics.multiprocess.snapshot import Merged
from observability.metrics.multiprocess.text import write

OUTCOMES: Final = ("success", "rate_limited", "client_error", "server_error")
_CONSUMERS: Final = Family(
    "api_consumer_requests",
    "counter",
    "Requests of the consumers that call most; of all others together as 'other'.",
    ("consumer", "api_version", "outcome"),
)
_CONSUMER_SECONDS: Final = Family(
    "api_consumer_request_seconds",
    "counter",
    "Seconds that the requests of a consumer took in total; divided by its requests, their mean duration.",
    ("consumer", "api_version"),
)
_CONSUMERS_FILE: Final = "consumers"


class MetricsSource(Protocol):
    """Reads every series of one process, or of several."""

    def merged(self) -> Merged: ...


class Registry(CollectorRegistry):
    """Reads its source at each scrape, for prometheus_client's encoders and, faster, for our own.

    ``prepare`` runs before each reading.
    """

    def __init__(
        self,
        source: MetricsSource,
        consumers: ConsumerTable | None = None,
        prepare: Callable[[], None] | None = None,
    ) -> None:
        super().__init__()
        self._source = source
        self._consumers = consumers
        self._prepare = prepare
        self.register(MergedCollector(self._read))

    def text(self) -> bytes:
        """The series in Prometheus' text format, version 0.0.4. Raises ``Busy``."""
        return write(self._read(), openmetrics=False)

    def openmetrics(self) -> bytes:
        """The series in OpenMetrics 1.0, with exemplars. Raises ``Busy``."""
        return write(self._read(), openmetrics=True)

    def _read(self) -> Merged:
        if self._prepare is not None:
            self._prepare()
        merged = self._source.merged()
        if self._consumers is not None:
            self._consumers.add_to(merged, _CONSUMERS, _CONSUMER_SECONDS)
        return merged


def consumer_table(versions: Collection[str], budget: int, folder: Path | None) -> ConsumerTable | None:
    """The table of requests by consumer that all processes of a server share; ``None`` without versions."""
    if not versions:
        return None
    cells = [(version, outcome) for version in sorted(versions) for outcome in OUTCOMES]
    return ConsumerTable(cells, budget, None if folder is None else folder / _CONSUMERS_FILE)
