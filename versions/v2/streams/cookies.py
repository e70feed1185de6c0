"""The cookie of a browser's streams in v2."""

from typing import Final

from fastapi import Request, Response

from app.access.principal import Principal
from app.http import stream_cookie

_PATHS: Final = ("/api/v2/stream", "/api/v2/jobs")
"""Where browsers send it: a prefix of every path with a stream, and not of other streams than those."""


def set_cookie(request: Request, response: Response, principal: Principal) -> int:
    """Let the browser open streams, and return for how many seconds.

    Raises ``Unauthenticated`` for a caller without a session.
    """
    return stream_cookie.set_stream_cookie(request, response, principal, _PATHS)


def renewed(request: Request, response: Response, principal: Principal) -> Response:
    """The response, which sets the cookie again if it has authenticated the request."""
    if stream_cookie.has_authenticated(request):
        set_cookie(request, response, principal)
    return response
