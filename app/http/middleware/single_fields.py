"""Rejects requests that repeat a header field with one value, or have no host."""

from collections.abc import Awaitable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import FieldError, Malformed

SINGLE_VALUED: Final = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-location",
        b"content-range",
        b"content-type",
        b"date",
        b"from",
        b"host",
        b"idempotency-key",
        b"if-modified-since",
        b"if-range",
        b"if-unmodified-since",
        b"last-event-id",
        b"max-forwards",
        b"origin",
        b"proxy-authorization",
        b"range",
        b"referer",
        b"traceparent",
        b"user-agent",
        b"x-api-key",
        b"x-request-id",
    }
)
"""The request fields that are no lists (RFC 9110, section 5.3; RFC 9651, section 3.3; Trace Context, section 3.2)."""


_REQUESTS: Final = frozenset({"http", "websocket"})


class RepeatedHeader(Malformed):
    code = "repeated_header"
    detail = "The request repeats a header field that has one value. Send it once."

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The header field {name} appears more than once. Send it once.",
            fields=[FieldError((name,), self.code, "Repeated header field.", "header")],
        )


def ensure_single_fields(scope: Scope) -> None:
    """Raise ``RepeatedHeader``, or ``Malformed`` if an HTTP/1.1 request has no host (RFC 9112, section 3.2)."""
    seen = set()
    for name, _ in scope["headers"]:
        if name in SINGLE_VALUED:
            if name in seen:
                raise RepeatedHeader(name.decode())
            seen.add(name)
    if b"host" not in seen and scope.get("http_version") == "1.1":
        message = "The request has no Host header field. Send the name of the server in it."
        raise Malformed(message)


class SingleFieldsMiddleware:
    """Calls ``ensure_single_fields`` before credentials are read: a proxy and Strata could use different ones."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] in _REQUESTS:
            ensure_single_fields(scope)
        return self._app(scope, receive, send)
