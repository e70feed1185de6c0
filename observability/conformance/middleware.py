"""Samples exchanges for the conformance check."""

from collections.abc import Awaitable, Callable, Mapping
from random import Random

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observability.conformance.checker import ConformanceChecker
from observability.conformance.exchange import BodyBuffer, Exchange
from observability.requests.context import EVENT_STREAM, RequestContext, current
from observability.requests.routes import UNMATCHED, path_below_mount


def share(ratio: float, seed: int | None = None) -> Callable[[], bool]:
    """Return a function that is true for this share of its calls, independently; reproducible with a ``seed``."""
    draw = Random(seed).random  # noqa: S311 - selects a sample, protects nothing
    return lambda: draw() < ratio


class ConformanceMiddleware:
    """The outermost layer, so that it sees the same messages as clients. It passes each message on, then records it.

    The sampling decision is made before the request is read, so that no request can evade it.
    """

    def __init__(self, app: ASGIApp, *, checker: ConformanceChecker, chosen: Callable[[], bool]) -> None:
        self._app = app
        self.checker = checker
        self._chosen = chosen

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # No additional coroutine for requests outside the sample, which are almost all.
        sampled = scope["type"] == "http" and self._chosen()
        return (self._run_sampled if sampled else self._app)(scope, receive, send)

    async def _run_sampled(self, scope: Scope, receive: Receive, send: Send) -> None:
        sample = _Sample(scope, self.checker.body_bytes)

        async def receive_message() -> Message:
            message = await receive()
            sample.add_received(message)
            return message

        async def send_message(message: Message) -> None:
            await send(message)
            sample.add_sent(message)

        await self._app(scope, receive_message, send_message)
        self._submit(sample, current(scope), scope)

    def _submit(self, sample: "_Sample", context: RequestContext, scope: Scope) -> None:
        if sample.stream or context.api_version not in self.checker.versions or not context.complete:
            return
        # The context is finished; an unmatched route is in no contract.
        if context.route == UNMATCHED:
            return
        if sample.request.too_large or sample.response.too_large:
            self.checker.drop("too_large")
            return
        self.checker.submit(sample.exchange(context, scope))


class _Sample:
    """A sampled exchange in progress."""

    __slots__ = ("_body_unknown", "_headers", "_path", "_status", "request", "response", "stream")

    def __init__(self, scope: Scope, limit: int) -> None:
        # Computed now, because inner mounts change the scope.
        self._path = path_below_mount(scope)
        self._status = 0
        self._headers: tuple[tuple[bytes, bytes], ...] = ()
        self._body_unknown = False
        self.stream = False
        """Whether the response is a stream of events, which is not checked."""
        self.request = BodyBuffer(limit)
        self.response = BodyBuffer(limit)

    def add_received(self, message: Message) -> None:
        if message["type"] == "http.request":
            self.request.add(message.get("body", b""), more=message.get("more_body", False))

    def add_sent(self, message: Message) -> None:
        kind = message["type"]
        if self.stream:
            # A stream of an hour would be kept until it ends.
            return
        if kind == "http.response.body":
            self.response.add(message.get("body", b""), more=message.get("more_body", False))
        elif kind == "http.response.start":
            self._status = message["status"]
            self._headers = tuple(message.get("headers", ()))
            self.stream = any(
                name == b"content-type" and value.startswith(EVENT_STREAM) for name, value in self._headers
            )
        elif kind == "http.response.pathsend":
            self._body_unknown = True

    def exchange(self, context: RequestContext, scope: Mapping[str, object]) -> Exchange:
        headers: list[tuple[bytes, bytes]] = scope["headers"]  # type: ignore[assignment]  # ASGI says so
        query: bytes = scope["query_string"]  # type: ignore[assignment]  # ASGI says so
        return Exchange(
            version=context.api_version or "",
            route=context.route,
            method=str(scope["method"]),
            path=self._path,
            query=query,
            status=self._status,
            request_headers=headers,
            request_body=self.request.chunks if self.request.whole else None,
            response_headers=self._headers,
            response_body=None if self._body_unknown else self.response.chunks,
            request_id=context.request_id,
            trace_id=context.trace_id,
            span_id=context.span_id,
        )
