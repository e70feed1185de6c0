"""How long the database is waited for, in the form that ``app.kit.db`` asks for."""

from typing import Final

from observability.metrics.metrics import Metrics

_OPERATIONS: Final = frozenset({"select", "insert", "update", "delete", "with"})
_LONGEST: Final = 7
_OTHER: Final = "other"


class DatabaseMetrics:
    """Implements ``app.kit.db.observer.DatabaseObserver``. ``pool`` is a name from the code."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def waited(self, pool: str, seconds: float) -> None:
        """A connection was had after so long."""
        self._metrics.pool_wait.labels(pool).observe(seconds)

    def lent(self, pool: str) -> None:
        """A connection is in use."""
        self._metrics.pool_in_use.labels(pool).inc()

    def returned(self, pool: str) -> None:
        """And is not any more."""
        self._metrics.pool_in_use.labels(pool).dec()

    def ran(self, statement: str, seconds: float) -> None:
        """A statement ended, well or badly. Only its verb is told."""
        verb = statement[:_LONGEST].lower().partition(" ")[0].strip()
        self._metrics.query_duration.labels(verb if verb in _OPERATIONS else _OTHER).observe(seconds)
