"""HTTP requests, and WebSocket handshakes as requests."""

from starlette.requests import Request
from starlette.types import Scope


def method_of(scope: Scope) -> str:
    """The method of a request; the handshake of a WebSocket is a GET request."""
    return str(scope.get("method", "GET"))


def request_of(scope: Scope) -> Request:
    """The request with this scope, or that of a handshake."""
    return Request(scope if scope["type"] == "http" else {**scope, "type": "http", "method": method_of(scope)})
