"""One request and its answer, as they went over the wire."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Headers = Sequence[tuple[bytes, bytes]]
"""As ASGI has them: names in lower case."""


class Exchange(NamedTuple):
    """What is judged. The bodies are the chunks that were sent, not copies; ``None`` where one is not known whole."""

    version: str
    route: str
    """The full template: ``/api/v2/posts/{post_id}``."""
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
    """The chunks of a body that is passing by, for as long as they are few enough."""

    limit: int
    """Bytes."""
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    whole: bool = False
    """Whether the last chunk was seen."""

    @property
    def too_large(self) -> bool:
        """Whether it went beyond the limit."""
        return self.size > self.limit

    def add(self, chunk: bytes, *, more: bool) -> None:
        """Note the next chunk."""
        self.size += len(chunk)
        if self.too_large:
            self.chunks.clear()
        elif chunk:
            self.chunks.append(chunk)
        self.whole = not more
