"""The second attempt at a transaction that had no effect."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.kit.db.errors import Retryable
from app.kit.db.instrumentation import DatabaseMetrics

Result = TypeVar("Result")


async def run_transaction(attempt: Callable[[], Awaitable[Result]], metrics: DatabaseMetrics) -> Result:
    """Run ``attempt``, and once more from its beginning after a deadlock, a serialisation failure or a lost connection.

    ``attempt`` opens the transaction and ends it: a part of one cannot run again. Raises what the last attempt raises.
    """
    try:
        return await attempt()
    except Retryable:
        metrics.retried("transaction")
    return await attempt()
