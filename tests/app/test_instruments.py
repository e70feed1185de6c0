"""The instruments of all features: their names, and how the values of several processes are combined."""

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from observability.metrics.metrics import Metrics
from observability.metrics.multiprocess.layout import Family
from tests.support.read_series import as_report, missing_series
from tests.support.scrape import Scrape

ROOT = Path(__file__).parents[2]
ADDED = {
    "api_usage_evidence_waiting",
    "db_pool_in_use",
    "exports_open",
    "http_server_active_requests",
    "http_server_open_connections",
    "realtime_connections",
    "realtime_connections_limit",
    "response_cache_bytes",
    "transfers_active",
    "transfers_limit",
}
"""What each process has a part of."""
LEAST = {"api_usage_evidence_written_timestamp", "db_available", "worker_connected"}
"""What is only well if it is in every process."""
BUILT_IN = {
    "api_consumer_requests_total": {"consumer", "api_version", "outcome"},
    "api_consumer_request_seconds_total": {"consumer", "api_version"},
}
"""Of the table of consumers, which is no group."""


def groups() -> Iterator[Any]:
    """The classes of all instruments: their constructors take a ``Metrics`` alone."""
    for path in sorted(path for folder in ("app", "observability") for path in (ROOT / folder).rglob("*.py")):
        if "(self, metrics: Metrics) -> None" not in path.read_text(encoding="utf-8"):
            continue
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for _, found in inspect.getmembers(module, inspect.isclass):
            takes = list(inspect.signature(found).parameters.values()) if found.__module__ == module.__name__ else []
            if [each.annotation for each in takes] == [Metrics]:
                yield found


class Recorded(Metrics):
    """Metrics that remember what is declared."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(("v901",), folder=folder)
        self.families: dict[str, Family] = {}
        self.gauges: dict[str, Any] = {}
        for group in groups():
            self.group(group)

    def gauge(self, name: str, text: str, labels: tuple[str, ...], merge: Any = "sum") -> Any:
        self.gauges[name] = super().gauge(name, text, labels, merge)
        return self.gauges[name]

    def _declare(self, family: Family) -> Family:
        self.families[family.name] = family
        return super()._declare(family)


def series_of(family: Family) -> Iterator[tuple[str, set[str]]]:
    """The names of the series of a metric, with their labels."""
    labels = set(family.labels)
    if family.kind == "histogram":
        yield from ((f"{family.name}_bucket", {*labels, "le"}), (f"{family.name}_count", labels))
        yield f"{family.name}_sum", labels
    else:
        yield (f"{family.name}_total" if family.kind == "counter" else family.name), labels


def test_what_dashboards_rules_and_runbooks_read_is_declared() -> None:
    metrics = Recorded()
    of_libraries = {sample.name: set(sample.labels) for each in metrics.others.collect() for sample in each.samples}
    declared = dict(each for family in metrics.families.values() for each in series_of(family))
    exposed = {name: frozenset(labels) for name, labels in (of_libraries | BUILT_IN | declared).items()}
    missing = missing_series(exposed)
    assert not missing, as_report(missing)


def test_a_number_of_the_whole_installation_does_not_grow_with_its_processes(tmp_path: Path) -> None:
    """Each process counts the same waiting jobs; only what a process has itself is added."""
    first, second = Recorded(tmp_path), Recorded(tmp_path)
    labels = {name: dict.fromkeys(first.families[name].labels, "x") for name in first.gauges}
    for metrics, value in ((first, 3.0), (second, 5.0)):
        for name, gauge in metrics.gauges.items():
            gauge.labels(*labels[name].values()).set(value)
    scrape = Scrape(first.registry.openmetrics().decode())
    found = {name: list(scrape.series(name, **labels[name]).values()) for name in first.gauges}
    assert found == {name: [8.0 if name in ADDED else 3.0 if name in LEAST else 5.0] for name in first.gauges}
    assert found.keys() >= ADDED | LEAST
