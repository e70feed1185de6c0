"""How long the database is waited for, in the form that ``app.kit.db`` asks for."""

from typing import Final

from observability.metrics.metrics import Metrics

_OPERATIONS: Final = frozenset({"select", "insert", "update", "delete", "with"})
_LONGEST: Final = 7
_OTHER: Final = "other"


class PrometheusDatabaseMetrics:
    """Implements ``app.kit.db.instrumentation.DatabaseMetrics``. ``pool`` is a name from the code."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def pool_wait(self, pool: str, seconds: float) -> None:
        """A connection was had after so long."""
        self._metrics.pool_wait.labels(pool).observe(seconds)

    def connection_acquired(self, pool: str) -> None:
        """A connection is in use."""
        self._metrics.pool_in_use.labels(pool).inc()

    def connection_released(self, pool: str) -> None:
        """And is not any more."""
        self._metrics.pool_in_use.labels(pool).dec()

    def query_finished(self, statement: str, seconds: float) -> None:
        """A statement ended, well or badly. Only its verb is told."""
        verb = statement[:_LONGEST].lower().partition(" ")[0].strip()
        self._metrics.query_duration.labels(verb if verb in _OPERATIONS else _OTHER).observe(seconds)
