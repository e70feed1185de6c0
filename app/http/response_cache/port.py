"""What a response cache does. There is one in the memory of the process, and one in Redis."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

LARGEST: Final = 1_048_576
"""Bytes of the largest response that is stored."""
Mark = tuple[bytes, ...]
"""The state of the tags of a response: two marks are equal if none of the tags was invalidated in between."""


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """A response with status 200, without the header fields of one request."""

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def size(self) -> int:
        """Bytes of body and header fields."""
        return len(self.body) + sum(len(name) + len(value) for name, value in self.headers)


@dataclass(frozen=True, slots=True)
class Lookup:
    """The result of a look-up."""

    mark: Mark | None
    """To pass to ``put``; None if the cache did not reply, and nothing can be stored."""
    found: CachedResponse | None = None
    age: float = 0.0
    """Seconds since the response was stored."""


class ResponseCache(Protocol):
    """Stores responses under keys, for a time. A failure of the store is a miss: no method raises it."""

    async def get(self, key: bytes, tags: Sequence[str]) -> Lookup:
        """The response of this key, unless one of its tags was invalidated since it was read."""

    async def put(self, key: bytes, response: CachedResponse, mark: Mark) -> bool:
        """Store a response of at most ``LARGEST`` bytes, and return whether that succeeded.

        ``mark`` is from the look-up before the read, so that a response which was read before an invalidation is not
        found after it.
        """

    async def invalidate(self, tags: Sequence[str]) -> None:
        """From now on, find no response with one of these tags that was read before."""

    async def open(self) -> None:
        """Connect, before the first request."""

    async def close(self) -> None:
        """Close connections and cancel background tasks."""
