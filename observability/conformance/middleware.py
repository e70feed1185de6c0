"""Lets every request pass, and remembers a few."""

from collections.abc import Awaitable, Callable, Mapping
from random import Random

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observability.conformance.checker import ConformanceChecker
from observability.conformance.exchange import BodyBuffer, Exchange
from observability.requests.context import RequestContext, current
from observability.requests.routes import UNMATCHED, path_below_mount


def share(ratio: float, seed: int | None = None) -> Callable[[], bool]:
    """Says yes to this share of requests, each by itself; the same ones each time where a seed is given."""
    draw = Random(seed).random  # noqa: S311 - a sample, no secret
    return lambda: draw() < ratio


class ConformanceMiddleware:
    """The outermost layer, so that it sees what clients see. It passes every message on as it is, and then notes it.

    Whether a request is remembered is decided once, before anything is known of it: nothing in it can avoid that.
    """

    def __init__(self, app: ASGIApp, *, checker: ConformanceChecker, chosen: Callable[[], bool]) -> None:
        self._app = app
        self.checker = checker
        self._chosen = chosen

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # No coroutine of its own for those that are not chosen, which are nearly all.
        watches = scope["type"] == "http" and self._chosen()
        return (self._watched if watches else self._app)(scope, receive, send)

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        passing = _Sample(scope, self.checker.body_bytes)

        async def watch_receive() -> Message:
            message = await receive()
            passing.received(message)
            return message

        async def watch_send(message: Message) -> None:
            await send(message)
            passing.sent(message)

        await self._app(scope, watch_receive, watch_send)
        self._submit(passing, current(scope), scope)

    def _submit(self, passing: "_Sample", context: RequestContext, scope: Scope) -> None:
        if context.api_version not in self.checker.versions or not context.complete:
            return
        # The context is finished; what no route wanted is in no contract.
        if context.route == UNMATCHED:
            return
        if passing.request.too_large or passing.response.too_large:
            self.checker.drop("too_large")
            return
        self.checker.submit(passing.exchange(context, scope))


class _Sample:
    """A sampled exchange while it is under way."""

    __slots__ = ("_headers", "_path", "_status", "_unknown", "request", "response")

    def __init__(self, scope: Scope, limit: int) -> None:
        # Before the mounts inside change what the scope says of it.
        self._path = path_below_mount(scope)
        self._status = 0
        self._headers: tuple[tuple[bytes, bytes], ...] = ()
        self._unknown = False
        self.request = BodyBuffer(limit)
        self.response = BodyBuffer(limit)

    def received(self, message: Message) -> None:
        if message["type"] == "http.request":
            self.request.add(message.get("body", b""), more=message.get("more_body", False))

    def sent(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.body":
            self.response.add(message.get("body", b""), more=message.get("more_body", False))
        elif kind == "http.response.start":
            self._status = message["status"]
            self._headers = tuple(message.get("headers", ()))
        elif kind == "http.response.pathsend":
            self._unknown = True

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
            response_body=None if self._unknown else self.response.chunks,
            request_id=context.request_id,
            trace_id=context.trace_id,
            span_id=context.span_id,
        )
