"""Renders errors in the format of a version."""

from collections.abc import Callable, Iterable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.http.live.streams import MEDIA_TYPE, Refusal

Renderer = Callable[[Request, Exception], Response]
"""Returns the version's error response for any exception."""
_EVENT_STREAM: Final = MEDIA_TYPE.encode()
_LOAD: Final = frozenset({429, 503, 504})


def rendered(render: Renderer, request: Request, error: Exception) -> Response:
    """Returns the response to an error.

    A stream that a browser opens again gets 200 and a long time to wait where others get 429 or 503, since any other
    status ends its ``EventSource`` for good.
    """
    response = render(request, error)
    if response.status_code in _LOAD and reopens_stream(request.headers.raw):
        return Refusal()
    return response


def reopens_stream(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a browser opens a stream again: it names the last event that it received."""
    again = opens = False
    for name, value in headers:
        if name == b"last-event-id":
            again = True
        elif name == b"accept":
            opens = value.startswith(_EVENT_STREAM)
    return again and opens
