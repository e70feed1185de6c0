"""RED metrics (rate, errors, duration) of each route, computed from two scrapes of ``/metrics``."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

_HISTOGRAM: Final = "http_server_request_duration_seconds"
_SERVER_ERROR: Final = "5"
Route = tuple[str, str, str]
"""Version, method, template."""


@dataclass(slots=True)
class Reading:
    """The counters of a route in one scrape."""

    requests: float = 0.0
    errors: float = 0.0
    """Requests with a 5xx response."""
    buckets: dict[float, float] = field(default_factory=lambda: defaultdict(float))
    """Cumulative histogram: the number of requests by upper bound in seconds."""


@dataclass(frozen=True, slots=True)
class Red:
    """One row. Durations are in seconds, ``None`` without requests; ``errors`` is a ratio from 0 to 1."""

    version: str
    method: str
    route: str
    rate: float
    errors: float
    p50: float | None
    p95: float | None
    p99: float | None


def read(text: str) -> dict[Route, Reading]:
    """The counters of every route in an exposition in Prometheus' text format."""
    found: dict[Route, Reading] = defaultdict(Reading)
    for family in text_string_to_metric_families(text):
        if family.name != _HISTOGRAM:
            continue
        for sample in family.samples:
            labels = sample.labels
            reading = found[labels["api_version"], labels["http_request_method"], labels["http_route"]]
            if sample.name.endswith("_bucket"):
                reading.buckets[float(labels["le"])] += sample.value
            elif sample.name.endswith("_count"):
                reading.requests += sample.value
                if labels["http_response_status_code"].startswith(_SERVER_ERROR):
                    reading.errors += sample.value
    return dict(found)


def compare(before: Mapping[Route, Reading], after: Mapping[Route, Reading], seconds: float) -> list[Red]:
    """One row for each route with requests between the two scrapes, the busiest first."""
    rows = []
    for route, now in after.items():
        earlier = before.get(route, Reading())
        requests = now.requests - earlier.requests
        if requests <= 0:
            continue
        counts = {bound: count - earlier.buckets.get(bound, 0.0) for bound, count in now.buckets.items()}
        errors = (now.errors - earlier.errors) / requests
        quantiles = (quantile(counts, share) for share in (0.5, 0.95, 0.99))
        rows.append(Red(*route, requests / seconds, errors, *quantiles))
    return sorted(rows, key=lambda row: row.rate, reverse=True)


def quantile(counts: Mapping[float, float], share: float) -> float | None:
    """The quantile of the duration, interpolated linearly within its bucket like Prometheus' ``histogram_quantile``.

    ``share`` is from 0 to 1; the result is in seconds, and ``None`` without requests.
    """
    bounds = sorted(counts)
    total = counts[bounds[-1]] if bounds else 0.0
    if not total:
        return None
    wanted, below, start = share * total, 0.0, 0.0
    for bound in bounds:
        if counts[bound] >= wanted:
            if bound == float("inf"):
                return start
            inside = counts[bound] - below
            return start + (bound - start) * ((wanted - below) / inside if inside else 1.0)
        below, start = counts[bound], bound
    return start
