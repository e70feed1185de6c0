"""Copies the metrics of libraries that use prometheus_client into the store, where other processes can read them."""

from collections import defaultdict
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from observability.metrics.multiprocess.layout import Family, Kind, Merge
from observability.metrics.multiprocess.store import Store

_MERGES: Final[dict[str, Merge]] = {"process_start_time_seconds": "max"}
"""The start of the newest process, which changes when a process is replaced. All other gauges are summed."""
_SUFFIXES: Final[dict[str, tuple[Kind, tuple[str, ...]]]] = {
    "counter": ("counter", ("_total",)),
    "gauge": ("gauge", ("",)),
    "summary": ("summary", ("_count", "_sum")),
}
"""The copied samples of each kind, in the order of a series' values. Histograms are declared with ``Metrics``."""


class PrometheusBridge:
    """Copies a prometheus_client registry into the store."""

    def __init__(self, store: Store, registry: CollectorRegistry) -> None:
        self._store = store
        self._registry = registry
        self._indices: dict[tuple[str, tuple[str, ...]], int] = {}

    def copy(self) -> None:
        """Copy every current value."""
        for metric in self._registry.collect():
            if metric.type in _SUFFIXES:
                self._copy(metric)

    def _copy(self, metric: Metric) -> None:
        kind, suffixes = _SUFFIXES[metric.type]
        places = {metric.name + suffix: place for place, suffix in enumerate(suffixes)}
        found: dict[tuple[str, ...], list[float]] = defaultdict(lambda: [0.0] * len(suffixes))
        names: tuple[str, ...] = ()
        for sample in metric.samples:
            place = places.get(sample.name)
            if place is not None:
                names = tuple(sample.labels)
                found[tuple(sample.labels.values())][place] = sample.value
        for labels, values in found.items():
            index = self._indices.get((metric.name, labels))
            if index is None:
                family = Family(metric.name, kind, metric.documentation, names, _MERGES.get(metric.name, "sum"))
                index = self._indices[metric.name, labels] = self._store.series(family, labels)
            for offset, value in enumerate(values):
                self._store.doubles[index + offset] = value
