"""The outermost layer: creates the context of each request and adds its ids to the response."""

import asyncio
from collections.abc import Mapping, Sequence
from contextvars import Context
from time import perf_counter
from typing import Final, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observability.requests.context import ACTIVE, EVENT_STREAM, KEY, RequestContext, Requests
from observability.requests.ids import id_headers, read_ids
from observability.requests.routes import path_below_mount
from observability.tracing.recording import RECORDING

_HEADS: Final = frozenset(
    {"http.response.start", "websocket.accept", "websocket.http.response.start", "websocket.close"}
)
_BODIES: Final = frozenset({"http.response.body", "http.response.pathsend"})
_DISCONNECTS: Final = frozenset({"http.disconnect", "websocket.disconnect"})
_NORMAL_CLOSURE: Final = 1000
_CACHE_CONTROL: Final = b"cache-control"
_CONTENT_TYPE: Final = b"content-type"
NO_SNIFFING: Final = (b"x-content-type-options", b"nosniff")
_OURS: Final = frozenset({b"x-request-id", b"traceresponse", b"server-timing", NO_SNIFFING[0]})


class RequestListener(Protocol):
    """Notified of every HTTP request at its start and after its end. Must be fast, and must not raise.

    A middleware could do the same, but each middleware adds a coroutine frame that every await inside resumes through.
    """

    def on_start(self, scope: Scope, context: RequestContext) -> None:
        """Called when a request arrives."""

    def on_end(self, requests: Requests) -> None:
        """Called with requests that ended, successfully or not; their contexts are finished."""


class SocketListener(Protocol):
    """Notified of every WebSocket after its end, also of one whose handshake was denied. As ``RequestListener``."""

    def on_socket(self, scope: Scope, context: RequestContext) -> None:
        """Called with a finished context; its status is 101 if the handshake was accepted."""


class RequestContextMiddleware:
    """Reads valid ``X-Request-ID`` and ``traceparent`` headers, and records the response as it is sent.

    ``listeners`` are notified of the start of a request in their order, and of its end in reverse order. While other
    requests are in flight, ended requests are reported in a batch on the next event-loop iteration: code that has just
    run for one request is still in the CPU caches for the next. ``sockets`` are notified of the end of a WebSocket.
    A stream of events ends as a request with its first bytes.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        mounts: Mapping[str, str],
        listeners: Sequence[RequestListener] = (),
        sockets: Sequence[SocketListener] = (),
    ) -> None:
        self._app = app
        self._sockets = tuple(sockets)
        self._mounts = tuple((prefix, f"{prefix}/", version) for prefix, version in mounts.items())
        self._listeners = tuple(listeners)
        self._reversed_listeners = tuple(reversed(self._listeners))
        self._in_flight = 0
        self._ended: list[tuple[Scope, RequestContext]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        context = self._context(scope)
        # A copy: some servers share one state dict between requests.
        scope["state"] = {**scope.get("state", {}), KEY: context}

        async def receive_message() -> Message:
            message = await receive()
            _record_received(context, message)
            return message

        async def send_message(message: Message) -> None:
            kind = message["type"]
            if context.disconnected:
                # The response reaches no client. It is not recorded, so that the request counts as 499.
                return
            if kind == "http.response.body":
                context.bytes_out += len(message.get("body", b""))
            elif kind in _HEADS:
                message = _with_ids(context, message)
            try:
                await send(message)
            except OSError:
                context.disconnected = True
                raise
            if kind in _BODIES:
                self._on_body(scope, context, message)

        self._begin(scope, context)
        token, recording = ACTIVE.set(context), RECORDING.set(context.recording)
        try:
            await self._app(scope, receive_message, send_message)
        finally:
            RECORDING.reset(recording)
            ACTIVE.reset(token)
            self._end(scope, context)

    def _begin(self, scope: Scope, context: RequestContext) -> None:
        # A WebSocket stays open for hours: it is no request in flight, and is reported at its end only.
        if scope["type"] != "http":
            return
        self._in_flight += 1
        for listener in self._listeners:
            listener.on_start(scope, context)

    def _on_body(self, scope: Scope, context: RequestContext, message: Message) -> None:
        if not message.get("more_body"):
            context.complete = True
        elif context.streaming:
            # The request is what led to the first bytes of a stream, which may stay open for an hour.
            context.complete = True
            RECORDING.set(None)
            self._end(scope, context)
            context.reported = True

    def _end(self, scope: Scope, context: RequestContext) -> None:
        if context.reported:
            return
        if scope["type"] != "http":
            context.finish_socket(scope)
            for listener in self._sockets:
                listener.on_socket(scope, context)
            return
        context.finish(scope)
        self._in_flight -= 1
        self._ended.append((scope, context))
        if not self._in_flight:
            self._notify()
        elif len(self._ended) == 1:
            asyncio.get_running_loop().call_soon(self._notify, context=Context())

    def _notify(self) -> None:
        ended, self._ended = self._ended, []
        for listener in self._reversed_listeners:
            listener.on_end(ended)

    def _context(self, scope: Scope) -> RequestContext:
        ids = read_ids(scope["headers"])
        parent = ids.parent
        return RequestContext(
            ids.request_id,
            ids.trace_id,
            ids.span_id,
            parent_span_id=None if parent is None else parent.span_id,
            parent_sampled=None if parent is None else parent.sampled,
            api_version=self._version(scope),
        )

    def _version(self, scope: Scope) -> str | None:
        path = path_below_mount(scope)
        for prefix, below, version in self._mounts:
            if path.startswith(below) or path == prefix:
                return version
        return None


def _record_received(context: RequestContext, message: Message) -> None:
    if message["type"] in _DISCONNECTS:
        _record_disconnect(context, message)
    elif context.body is not None:
        context.body.add(message.get("body", b""), more=message.get("more_body", False))


def _record_disconnect(context: RequestContext, message: Message) -> None:
    if message["type"] == "websocket.disconnect":
        if context.close_code is None:
            context.close_code = message.get("code")
    elif not context.complete:
        context.disconnected = True


def _with_ids(context: RequestContext, head: Message) -> Message:
    """Return the response start with the ids of this request, which replace any others. A close is recorded only.

    A response without ``Cache-Control`` must not be stored. A public one has no ids. Browsers do not guess
    another media type.
    """
    if head["type"] == "websocket.close":
        context.close_code = head.get("code", _NORMAL_CLOSURE)
        return head
    status: int | None = head.get("status")
    context.status = status
    context.accepted = head["type"] == "websocket.accept"
    if status is not None and not context.sampled:
        # An error or a slow response may have decided that the trace is exported; the header reports the final
        # decision.
        context.sampled = context.notable(status, perf_counter() - context.started)
    headers, caching = [], None
    for field in head.get("headers", ()):
        # A replayed response may carry the ids of the original request.
        if field[0] not in _OURS:
            headers.append(field)
            if field[0] == _CACHE_CONTROL:
                caching = field[1]
            elif field[0] == _CONTENT_TYPE:
                context.streaming = field[1].startswith(EVENT_STREAM)
    if status is not None:
        # Otherwise a browser may treat a JSON response with a user's text as a script or a page.
        headers.append(NO_SNIFFING)
        if caching is None:
            headers.append((_CACHE_CONTROL, b"no-store"))
    if caching is not None and caching.startswith(b"public"):
        # A shared cache would send the ids of one request to other callers.
        return {**head, "headers": headers}
    headers += id_headers(context.request_id, context.trace_id, context.span_id, sampled=context.sampled)
    return {**head, "headers": headers}
