"""The instruments of version lifecycles."""

from collections.abc import Iterable
from datetime import UTC, datetime, time

from app.lifecycle.version import VersionLifecycle
from observability.metrics.metrics import Metrics


class VersionMetrics:
    """The status and the dates of every version."""

    def __init__(self, metrics: Metrics) -> None:
        self._info = metrics.gauge(
            "api_version_info", "1 for the status that a version has.", ("api_version", "status", "successor"), "max"
        )
        self._browned_out = metrics.gauge(
            "api_version_browned_out",
            "1 while a version does not answer, to rehearse its end.",
            ("api_version",),
            "max",
        )
        texts = {
            "released": "Its release, in Unix seconds.",
            "deprecated": "Its deprecation, in Unix seconds.",
            "sunset": "Its end, in Unix seconds.",
        }
        self._dates = {
            name: metrics.gauge(f"api_version_{name}_timestamp_seconds", text, ("api_version",), "max")
            for name, text in texts.items()
        }
        self._statuses: dict[str, tuple[str, str]] = {}

    def describe(self, lifecycles: Iterable[VersionLifecycle]) -> None:
        """Set the status and the dates of every version to what its lifecycle declares."""
        for lifecycle in lifecycles:
            self._statuses[lifecycle.name] = lifecycle.status, lifecycle.successor or ""
            self.set_status(lifecycle.name, lifecycle.status, browned_out=False)
            dates = {
                "released": datetime.combine(lifecycle.released, time(), UTC),
                "deprecated": lifecycle.deprecated_at,
                "sunset": lifecycle.sunset_at,
            }
            for name, moment in dates.items():
                if moment is not None:
                    self._dates[name].labels(lifecycle.name).set(moment.timestamp())

    def status(self, version: str) -> str:
        """The status that a version has at present."""
        return self._statuses[version][0]

    def set_status(self, version: str, status: str, *, browned_out: bool) -> None:
        """Set the status of a version that was described. ``browned_out``: it responds with 410 at present."""
        before, successor = self._statuses[version]
        if before != status:
            self._info.labels(version, before, successor).set(0)
            self._statuses[version] = status, successor
        self._info.labels(version, status, successor).set(1)
        self._browned_out.labels(version).set(browned_out)
