"""The login limit, counted in memory: slowapi parses the policy, the ``limits`` library counts.

The memory storage is the synchronous one: the asynchronous one scans every key on each hit.
"""

import math
import time
from collections.abc import Iterator

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from slowapi.wrappers import LimitGroup

from app.auth.errors import TooManyAttempts


class Throttles:
    """One bucket for each client address and operation, one for each account across all operations."""

    def __init__(self, per_minute: int) -> None:
        self._limit = _parse(f"{per_minute}/minute")
        self._counter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def of(self, operation: str) -> "OperationThrottle":
        """The throttle of one operation."""
        return OperationThrottle(operation, self._counter, self._limit)


class OperationThrottle:
    """Implements ``app.auth.throttle.Throttle``."""

    def __init__(self, operation: str, counter: SlidingWindowCounterRateLimiter, limit: RateLimitItem) -> None:
        self._operation = operation
        self._counter = counter
        self._limit = limit

    def hit_address(self, address: str) -> None:
        """Count one attempt from a client address."""
        if not self._counter.hit(self._limit, "address", self._operation, address):
            raise self._exhausted("address", self._operation, address)

    def ensure_account_open(self, account: str) -> None:
        """Refuse while an account has had too many failures."""
        if not self._counter.test(self._limit, "account", account):
            raise self._exhausted("account", account)

    def note_failure(self, account: str) -> None:
        """Count one failure against an account."""
        self._counter.hit(self._limit, "account", account)

    def _exhausted(self, *key: str) -> TooManyAttempts:
        reset = self._counter.get_window_stats(self._limit, *key).reset_time
        return TooManyAttempts(retry_after=max(1, math.ceil(reset - time.time())))


def _parse(policy: str) -> RateLimitItem:
    group: Iterator[object] = iter(
        LimitGroup(
            policy,
            key_function=lambda: "",
            scope=None,
            per_method=False,
            methods=None,
            error_message=None,
            exempt_when=None,
            cost=1,
            override_defaults=False,
        )
    )
    item: RateLimitItem = next(group).limit  # type: ignore[attr-defined]  # slowapi's iterator is untyped
    return item
