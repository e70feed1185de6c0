"""Counters, gauges and histograms on top of a store. ``labels()`` is a dictionary look-up."""

from bisect import bisect_left
from time import time
from typing import Generic, TypeVar

from observability.metrics.multiprocess.layout import EXEMPLAR_BYTES, Exemplar, Family, pack_exemplar
from observability.metrics.multiprocess.store import Store

Child = TypeVar("Child")


class CounterChild:
    """A series that only increases."""

    __slots__ = ("_index", "_store")

    def __init__(self, store: Store, family: Family, labels: tuple[str, ...]) -> None:
        self._store = store
        self._index = store.series(family, labels)

    def inc(self, amount: float = 1.0) -> None:
        """Increase the counter; ``amount`` must not be negative."""
        self._store.doubles[self._index] += amount


class GaugeChild:
    """A series that can increase and decrease."""

    __slots__ = ("_index", "_store")

    def __init__(self, store: Store, family: Family, labels: tuple[str, ...]) -> None:
        self._store = store
        self._index = store.series(family, labels)

    def inc(self, amount: float = 1.0) -> None:
        self._store.doubles[self._index] += amount

    def dec(self, amount: float = 1.0) -> None:
        self._store.doubles[self._index] -= amount

    def set(self, value: float) -> None:
        self._store.doubles[self._index] = value


class HistogramChild:
    """The series of one distribution."""

    __slots__ = ("_bounds", "_exemplars", "_index", "_store", "_sum")

    def __init__(self, store: Store, family: Family, labels: tuple[str, ...]) -> None:
        self._store = store
        self._bounds = family.bounds
        self._index = store.series(family, labels)
        self._sum = self._index + len(family.bounds) + 1
        self._exemplars = (self._index + family.values) * 8

    def observe(self, value: float, trace_id: str | None = None, span_id: str = "") -> None:
        """Count a value, with the span as an exemplar if given (32 and 16 hexadecimal digits)."""
        bucket = bisect_left(self._bounds, value)
        doubles = self._store.doubles
        doubles[self._index + bucket] += 1.0
        doubles[self._sum] += value
        if trace_id is not None:
            start = self._exemplars + bucket * EXEMPLAR_BYTES
            packed = pack_exemplar(Exemplar(value, time(), trace_id, span_id))
            self._store.memory[start : start + EXEMPLAR_BYTES] = packed


class Instrument(Generic[Child]):
    """All series of one metric. Label values must come from a small set."""

    __slots__ = ("_children", "_family", "_kind", "_store")

    def __init__(self, store: Store, family: Family, kind: "type[Child]") -> None:
        self._store = store
        self._family = family
        self._kind = kind
        self._children: dict[tuple[object, ...], Child] = {}

    def labels(self, *values: object) -> Child:
        """Return the series of these label values. Raises ``ValueError`` for a wrong number of values."""
        child = self._children.get(values)
        if child is None:
            if len(values) != len(self._family.labels):
                message = f"{self._family.name} has the labels {self._family.labels}, not {values}"
                raise ValueError(message)
            texts = tuple(str(value) for value in values)
            # Two threads may create the series at the same time; setdefault keeps one of the two for all later calls.
            child = self._children.setdefault(values, self._kind(self._store, self._family, texts))  # type: ignore[call-arg]  # every kind of child takes these three
        return child


Counter = Instrument[CounterChild]
Gauge = Instrument[GaugeChild]
Histogram = Instrument[HistogramChild]
