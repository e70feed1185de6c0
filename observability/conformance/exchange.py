"""One request and its response, as transmitted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Headers = Sequence[tuple[bytes, bytes]]
"""In the form of ASGI: names in lower case."""


class Exchange(NamedTuple):
    """The input of a check. Bodies are the transmitted chunks, not copies; ``None`` for an incomplete body."""

    version: str
    route: str
    """The full template: ``/api/vN/posts/{post_id}``."""
    method: str
    path: str
    query: bytes
    status: int
    request_headers: Headers
    request_body: Sequence[bytes] | None
    response_headers: Headers
    response_body: Sequence[bytes] | None
    request_id: str
    trace_id: str
    span_id: str


@dataclass(slots=True)
class BodyBuffer:
    """Collects the chunks of a transmitted body, up to a limit."""

    limit: int
    """Bytes."""
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    whole: bool = False
    """Whether the last chunk was received."""

    @property
    def too_large(self) -> bool:
        """Whether the body exceeds the limit."""
        return self.size > self.limit

    def add(self, chunk: bytes, *, more: bool) -> None:
        """Add the next chunk."""
        self.size += len(chunk)
        if self.too_large:
            self.chunks.clear()
        elif chunk:
            self.chunks.append(chunk)
        self.whole = not more
