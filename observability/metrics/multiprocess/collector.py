"""Converts merged metrics to the families that prometheus_client's encoders write."""

from collections.abc import Callable, Iterator

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar as ExposedExemplar
from prometheus_client.utils import floatToGoString

from observability.metrics.multiprocess.layout import Family
from observability.metrics.multiprocess.snapshot import Merged, Point

Points = dict[tuple[str, ...], Point]


class MergedCollector(Collector):
    """A collector that calls ``read`` at each scrape."""

    def __init__(self, read: Callable[[], Merged]) -> None:
        self._read = read

    def describe(self) -> list[Metric]:
        """Return nothing, so that registration reads no files."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every family, sorted by name."""
        merged = self._read()
        for name, points in sorted(merged.points.items()):
            yield _EXPOSE[merged.families[name].kind](merged.families[name], points)


def _counter(family: Family, points: Points) -> Metric:
    exposed = CounterMetricFamily(family.name, family.help, labels=family.labels)
    for labels, point in sorted(points.items()):
        exposed.add_metric(labels, point.values[0])
    return exposed


def _gauge(family: Family, points: Points) -> Metric:
    exposed = GaugeMetricFamily(family.name, family.help, labels=family.labels)
    for labels, point in sorted(points.items()):
        exposed.add_metric(labels, point.values[0])
    return exposed


def _summary(family: Family, points: Points) -> Metric:
    exposed = SummaryMetricFamily(family.name, family.help, labels=family.labels)
    for labels, point in sorted(points.items()):
        exposed.add_metric(labels, int(point.values[0]), point.values[1])
    return exposed


def _histogram(family: Family, points: Points) -> Metric:
    exposed = HistogramMetricFamily(family.name, family.help, labels=family.labels)
    limits = [*map(floatToGoString, family.bounds), "+Inf"]
    for labels, point in sorted(points.items()):
        total = 0.0
        buckets: list[tuple[str, float] | tuple[str, float, ExposedExemplar]] = []
        for number, limit in enumerate(limits):
            total += point.values[number]
            exemplar = point.exemplars.get(number)
            if exemplar is None:
                buckets.append((limit, total))
            else:
                ids = {"trace_id": exemplar.trace_id, "span_id": exemplar.span_id}
                buckets.append((limit, total, ExposedExemplar(ids, exemplar.value, exemplar.time)))
        exposed.add_metric(labels, buckets, point.values[-1])
    return exposed


_EXPOSE = {"counter": _counter, "gauge": _gauge, "summary": _summary, "histogram": _histogram}
