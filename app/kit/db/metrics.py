"""The instruments of database pools and statements."""

from typing import Final

from observability.logs.debug import debug_log
from observability.metrics.metrics import FINE_BUCKETS, Metrics
from observability.requests.context import ACTIVE

_OPERATIONS: Final = frozenset({"select", "insert", "update", "delete", "with"})
_LONGEST: Final = 7
_OTHER: Final = "other"


class PrometheusDatabaseMetrics:
    """Implements ``app.kit.db.instrumentation.DatabaseMetrics``. ``pool`` is a name from the code."""

    def __init__(self, metrics: Metrics) -> None:
        self._in_use = metrics.gauge("db_pool_in_use", "Database connections lent out now.", ("pool",))
        self._wait = metrics.histogram(
            "db_pool_wait_seconds", "Seconds until a connection was had.", ("pool",), FINE_BUCKETS
        )
        self._query_duration = metrics.histogram(
            "db_query_duration_seconds", "Seconds of one statement.", ("operation",), FINE_BUCKETS
        )
        self._available = metrics.gauge(
            "db_available", "1 while the database replies to every process, which asks twice a second.", (), "min"
        )
        self._retries = metrics.counter(
            "db_retries",
            "Reads and transactions that ran a second time after a lost connection or a conflict.",
            ("work",),
        )
        for work in ("read", "transaction"):
            self._retries.labels(work)

    def pool_wait(self, pool: str, seconds: float) -> None:
        self._wait.labels(pool).observe(seconds)

    def connection_acquired(self, pool: str) -> None:
        self._in_use.labels(pool).inc()

    def connection_released(self, pool: str) -> None:
        self._in_use.labels(pool).dec()

    def query_finished(self, statement: str, seconds: float) -> None:
        """Count a statement, whether it succeeded or failed. Its label is its first word, or ``other``."""
        verb = statement[:_LONGEST].lower().partition(" ")[0].strip()
        self._query_duration.labels(verb if verb in _OPERATIONS else _OTHER).observe(seconds)
        if (context := ACTIVE.get()) is not None:
            context.database_seconds += seconds
            context.database_statements += 1
        if debug_log.enabled:
            # The statement has placeholders; its values are never logged.
            debug_log.write("statement_finished", statement=statement, duration_ms=round(seconds * 1000, 3))

    def retried(self, work: str) -> None:
        self._retries.labels(work).inc()

    def availability(self, *, available: bool) -> None:
        self._available.labels().set(available)
