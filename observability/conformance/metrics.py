"""The instruments of contract conformance."""

from collections.abc import Collection
from typing import Final

from observability.metrics.metrics import Metrics

_OUTCOMES: Final = ("conforms", "violates")


class ConformanceMetrics:
    """Counts checked exchanges, violations and dropped exchanges."""

    def __init__(self, metrics: Metrics) -> None:
        self.checked = metrics.counter(
            "api_contract_checked",
            "Sampled requests and responses that were held against the frozen contract.",
            ("api_version", "direction", "outcome"),
        )
        self.violations = metrics.counter(
            "api_contract_violations",
            "Ways in which they were not as promised.",
            ("api_version", "http_route", "direction", "rule"),
        )
        self.dropped = metrics.counter(
            "api_contract_dropped", "Sampled exchanges that could not be judged.", ("reason",)
        )

    def start_at_zero(self, versions: Collection[str], reasons: Collection[str]) -> None:
        """Create every series of checked and dropped exchanges with the value 0.

        ``rate()`` misses an increment from absent to 1, and alerts cannot tell absent from zero.
        """
        for version in versions:
            for direction in ("request", "response"):
                for result in _OUTCOMES:
                    self.checked.labels(version, direction, result)
        for reason in reasons:
            self.dropped.labels(reason)

    def count_checked(self, version: str, direction: str, *, conforms: bool) -> None:
        """Count a request or a response that was checked against the contract of its version."""
        self.checked.labels(version, direction, _OUTCOMES[not conforms]).inc()

    def count_violation(self, version: str, route: str, direction: str, rule: str) -> None:
        """Count a violation. ``rule`` is a name from the code."""
        self.violations.labels(version, route, direction, rule).inc()

    def count_dropped(self, reason: str) -> None:
        """Count a sampled exchange that is not checked. ``reason`` is a name from the code."""
        self.dropped.labels(reason).inc()
