"""The handshake of a WebSocket as the request that it is."""

from starlette.requests import Request
from starlette.types import Scope


def request_of(scope: Scope) -> Request:
    """The request with this scope; the handshake of a WebSocket is a GET request."""
    return Request(scope if scope["type"] == "http" else {**scope, "type": "http", "method": "GET"})
