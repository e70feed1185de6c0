"""The outermost layer: gives every request its context and every response the ids to ask us about it."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import uuid_utils
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observability.context import KEY, RequestContext, activated
from observability.redaction import holds_secret
from observability.trace_context import new_ids, parse_traceparent

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_HEADS: Final = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})
_OURS: Final = frozenset({b"x-request-id", b"traceresponse", b"server-timing"})


class RequestContextMiddleware:
    """Accepts ``X-Request-ID`` and ``traceparent`` where they are well-formed, and watches the response go out."""

    def __init__(self, app: ASGIApp, *, mounts: Mapping[str, str]) -> None:
        self._app = app
        self._mounts = tuple((prefix, f"{prefix}/", version) for prefix, version in mounts.items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        context = self._context(scope)
        # A copy: not every server gives each request a state of its own.
        scope["state"] = {**scope.get("state", {}), KEY: context}

        async def watch_receive() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect" and not context.complete:
                context.disconnected = True
            return message

        async def watch_send(message: Message) -> None:
            kind = message["type"]
            if kind == "http.response.body":
                context.bytes_out += len(message.get("body", b""))
            elif kind in _HEADS:
                # A replayed response may bring the ids of the request that it was first made for.
                kept = [header for header in message.get("headers", ()) if header[0] not in _OURS]
                message = {**message, "headers": [*kept, *_own_headers(context)]}
                context.status = message.get("status")
            try:
                await send(message)
            except OSError:
                context.disconnected = True
                raise
            if kind == "http.response.pathsend" or (kind == "http.response.body" and not message.get("more_body")):
                context.complete = True

        with activated(context):
            await self._app(scope, watch_receive, watch_send)

    def _context(self, scope: Scope) -> RequestContext:
        given_ids: list[bytes] = []
        parents: list[bytes] = []
        headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
        for name, value in headers:
            if name == b"x-request-id":
                given_ids.append(value)
            elif name == b"traceparent":
                parents.append(value)
        trace_id, span_id = new_ids()
        parent = parse_traceparent(parents[0]) if len(parents) == 1 else None
        return RequestContext(
            _request_id(given_ids),
            trace_id if parent is None else parent.trace_id,
            span_id,
            parent_span_id=None if parent is None else parent.span_id,
            parent_sampled=None if parent is None else parent.sampled,
            api_version=self._version(scope),
        )

    def _version(self, scope: Scope) -> str | None:
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        for prefix, below, version in self._mounts:
            if path.startswith(below) or path == prefix:
                return version
        return None


def _own_headers(context: RequestContext) -> list[tuple[bytes, bytes]]:
    # Made with the head, when it is known whether an error has made the trace one that is kept.
    trace = context.traceresponse.encode()
    return [
        (b"x-request-id", context.request_id.encode()),
        (b"traceresponse", trace),
        # The same for scripts in browsers, which read it from the timing of the resource.
        (b"server-timing", b'trace;desc="%b"' % trace),
    ]


def _request_id(given: list[bytes]) -> str:
    """The caller's id if it is one, and only one, and no credential put into the wrong header; else a new UUIDv7."""
    if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]):
        text = given[0].decode()
        if not holds_secret(text):
            return text
    return uuid_utils.uuid7().hex
