"""What a scrape reads: every process's series and the consumers, as a registry that prometheus_client can write."""

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
_CONSUMERS_FILE: Final = "consumers"


class Registry(CollectorRegistry):
    """What ``read`` tells, for prometheus_client's encoders, and faster for our own."""

    def __init__(self, read: Callable[[], Merged]) -> None:
        super().__init__()
        self._read = read
        self.register(MergedCollector(read))

    def text(self) -> bytes:
        """In Prometheus' text format, version 0.0.4. Raises ``Busy``."""
        return write(self._read(), openmetrics=False)

    def openmetrics(self) -> bytes:
        """In OpenMetrics 1.0, with exemplars. Raises ``Busy``."""
        return write(self._read(), openmetrics=True)


class Source(Protocol):
    """Whoever knows every series."""

    def merged(self) -> Merged: ...


class Readout:
    """Reads at each scrape anew; ``prepare`` runs before."""

    def __init__(
        self, source: Source, consumers: ConsumerTable | None, prepare: Callable[[], None] | None = None
    ) -> None:
        self._source = source
        self._consumers = consumers
        self._prepare = prepare
        self.registry = Registry(self._read)

    def _read(self) -> Merged:
        if self._prepare is not None:
            self._prepare()
        merged = self._source.merged()
        if self._consumers is not None:
            self._consumers.add_to(merged, _CONSUMERS)
        return merged


def consumer_table(versions: Collection[str], budget: int, folder: Path | None) -> ConsumerTable | None:
    """The table that every process of a server shares; none where there are no versions to call."""
    if not versions:
        return None
    cells = [(version, outcome) for version in sorted(versions) for outcome in OUTCOMES]
    return ConsumerTable(cells, budget, None if folder is None else folder / _CONSUMERS_FILE)
