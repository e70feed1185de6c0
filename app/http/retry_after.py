"""Jitter for ``Retry-After``."""

import random
from typing import Final

_SHARE: Final = 10


def with_jitter(seconds: int, most: int = 0) -> int:
    """Add a random time: clients rejected at the same moment must not retry at the same moment.

    The time is at most ``most`` seconds, or a tenth of ``seconds`` if that is more.
    """
    # `randint` takes four times as long, and a rejection under load must be cheap.
    return seconds + int(random.random() * (1 + max(1, most, seconds // _SHARE)))  # noqa: S311 - guards nothing
