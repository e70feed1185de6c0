"""Counts the restarts of crashed processes: supervisors write the counts, and the API exposes them as a metric.

The counts are in a file of the home, since the process that crashed cannot report it, and neither can ``strata up``,
which serves no metrics.
"""

import fcntl
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TextIO

from observability.metrics.metrics import Metrics

PROCESSES: Final = ("api", "worker", "postgresql")


class RestartCounts:
    """The restarts of each process since the home was created."""

    def __init__(self, home: Path) -> None:
        self._path = home / "restarts.json"

    def add(self, process: str) -> None:
        """Count one restart."""
        with self._path.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            counts = _read(file)
            file.truncate(0)
            file.write(json.dumps({**counts, process: counts.get(process, 0) + 1}))

    def read(self) -> Mapping[str, int]:
        """The counts by process."""
        try:
            with self._path.open() as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                return _read(file)
        except FileNotFoundError:
            return {}


class RestartMetrics:
    """Exposes the restarts. A gauge, because every process of a server reads the same file: the values are no sum."""

    def __init__(self, metrics: Metrics) -> None:
        self._restarts = metrics.gauge(
            "process_restarts", "Restarts of crashed processes since the home was created.", ("process",), "max"
        )
        self.update({})

    def update(self, counts: Mapping[str, int]) -> None:
        """Set the value of every process."""
        for process in PROCESSES:
            self._restarts.labels(process).set(counts.get(process, 0))


def _read(file: TextIO) -> dict[str, int]:
    file.seek(0)
    try:
        found = json.loads(file.read())
    except ValueError:
        # Empty, or cut off by a crash: counting starts anew.
        return {}
    return {name: int(found.get(name, 0)) for name in PROCESSES} if isinstance(found, dict) else {}
