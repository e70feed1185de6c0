"""The registry of one process's instruments. Each feature declares its own in its ``metrics.py``.

A feature's instruments form a group: a class whose constructor takes ``Metrics`` and declares them::

    class JobMetrics:
        def __init__(self, metrics: Metrics) -> None:
            self.attempts = metrics.counter("job_attempts", "Attempts at jobs.", ("kind", "outcome"))

``metrics.group(JobMetrics)`` returns the one instance of the process. The code that counts takes the group once, in
its constructor, and calls ``instrument.labels(...)``, a look-up in a dictionary, then ``inc``, ``set`` or ``observe``.

Every label value comes from a small set that the code defines; a value that a client chooses is never a label.
Instruments of other libraries that use prometheus_client go into ``Metrics.others``.
"""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Final, TypeVar

from prometheus_client import CollectorRegistry, ProcessCollector

from observability.metrics.multiprocess.aggregation import SingleProcessMetrics, WorkerMetrics
from observability.metrics.multiprocess.bridge import PrometheusBridge
from observability.metrics.multiprocess.instruments import (
    Counter,
    CounterChild,
    Gauge,
    GaugeChild,
    Histogram,
    HistogramChild,
    Instrument,
)
from observability.metrics.multiprocess.layout import Family, Merge
from observability.metrics.registry import Registry, consumer_table

G = TypeVar("G")

FINE_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds; for parts of a request: a statement, a wait for a connection, a late event loop."""
NO_VERSION: Final = "none"
"""The ``api_version`` of requests outside all versions."""
CONSUMER_SERIES: Final = 1000


class Metrics:
    """Declares and stores the instruments of one process.

    With a ``folder``, every process that counts into it exposes the sum over all of them; without one, a process
    exposes its own values only. ``versions`` are the API versions whose requests are counted by consumer.
    """

    def __init__(
        self, versions: Collection[str] = (), *, folder: Path | None = None, consumer_series: int = CONSUMER_SERIES
    ) -> None:
        process = SingleProcessMetrics() if folder is None else WorkerMetrics(folder)
        self._store = process.store
        self._names: set[str] = set()
        self._groups: dict[Callable[[Metrics], Any], Any] = {}
        self.consumers = consumer_table(versions, consumer_series, folder)
        self.others = CollectorRegistry()
        ProcessCollector(registry=self.others)
        self._bridge = PrometheusBridge(self._store, self.others)
        self.registry = Registry(process, self.consumers, self._bridge.copy)

    def group(self, kind: Callable[["Metrics"], G]) -> G:
        """Return this process's instance of a group class; the first call builds it."""
        group: G | None = self._groups.get(kind)
        if group is None:
            group = self._groups[kind] = kind(self)
        return group

    def counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        """Declare a counter. ``name`` is without ``_total``. Raises ``ValueError`` when the name is taken."""
        return Instrument(self._store, self._declare(Family(name, "counter", text, labels)), CounterChild)

    def gauge(self, name: str, text: str, labels: tuple[str, ...], merge: Merge = "sum") -> Gauge:
        """Declare a gauge. ``merge`` combines the values of several processes. Raises as ``counter`` does."""
        return Instrument(self._store, self._declare(Family(name, "gauge", text, labels, merge)), GaugeChild)

    def histogram(self, name: str, text: str, labels: tuple[str, ...], bounds: tuple[float, ...]) -> Histogram:
        """Declare a histogram. ``bounds`` are the upper limits of its buckets. Raises as ``counter`` does."""
        family = Family(name, "histogram", text, labels, bounds=bounds)
        return Instrument(self._store, self._declare(family), HistogramChild)

    def sample(self) -> None:
        """Publish to the other processes what is not counted as it happens. Call it about once a second."""
        self._bridge.copy()
        if self.consumers is not None:
            self.consumers.flush()

    def _declare(self, family: Family) -> Family:
        if family.name in self._names:
            message = f"the metric {family.name} is declared twice"
            raise ValueError(message)
        self._names.add(family.name)
        return family
