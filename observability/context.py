"""Who asks for what: one object per request, made before anything else runs."""

from collections.abc import Mapping
from contextvars import ContextVar
from time import perf_counter
from typing import Final

from starlette.types import Scope

from observability.routes import UNMATCHED, route_template
from observability.trace_context import format_traceparent

KEY: Final = "context"
"""Where ``scope["state"]`` holds the context."""

CLIENT_GONE: Final = 499
"""The status of a request whose client left before the answer was whole (a convention of nginx)."""
FAILED: Final = 500

_active: ContextVar["RequestContext | None"] = ContextVar("request_context", default=None)


class RequestContext:
    """What is known of a request. Filled as it goes its way; complete after ``finish``."""

    __slots__ = (
        "api_version",
        "bytes_out",
        "complete",
        "consumer",
        "consumer_tier",
        "disconnected",
        "duration",
        "parent_sampled",
        "parent_span_id",
        "request_id",
        "route",
        "sampled",
        "span_id",
        "started",
        "status",
        "trace_id",
    )

    def __init__(
        self,
        request_id: str,
        trace_id: str,
        span_id: str,
        *,
        parent_span_id: str | None,
        api_version: str | None,
        parent_sampled: bool | None = None,
    ) -> None:
        self.request_id = request_id
        self.trace_id = trace_id
        self.span_id = span_id
        self.parent_span_id = parent_span_id
        self.parent_sampled = parent_sampled
        """The caller's decision; ``None`` where no trace is continued."""
        self.sampled = False
        """Whether the trace is kept. Final once the application has run: an error or a slow answer may still decide."""
        self.api_version = api_version
        """``None`` outside of every version."""
        self.consumer: str | None = None
        self.consumer_tier: str | None = None
        self.route = UNMATCHED
        self.started = perf_counter()
        self.duration: float | None = None
        """Seconds, once finished."""
        self.status: int | None = None
        self.bytes_out = 0
        """Bytes of the body, before any compression by a proxy; those of a file that the server sends are not known."""
        self.complete = False
        """Whether the last byte of the response was handed to the server."""
        self.disconnected = False

    @property
    def traceresponse(self) -> str:
        """The value of the header of this name."""
        return format_traceparent(self.trace_id, self.span_id, sampled=self.sampled)

    @property
    def started_answering(self) -> bool:
        """Whether the head of a response has been sent."""
        return self.status is not None

    def finish(self, scope: Scope) -> float:
        """Settle route, status and duration, and return the duration in seconds.

        The first layer to ask settles them, so that metric and log line tell the same. A response that never became
        whole counts as 499 when the client left, else as 500, whatever its head had promised.
        """
        if self.duration is None:
            self.duration = perf_counter() - self.started
            self.route = route_template(scope)
            if not self.complete:
                self.status = CLIENT_GONE if self.disconnected else FAILED
        return self.duration


def current(scope: Scope) -> RequestContext:
    """The context of the request. Raises ``LookupError`` where ``RequestContextMiddleware`` has not run."""
    context: RequestContext | None = scope.get("state", {}).get(KEY)
    if context is None:
        message = "no request context: is RequestContextMiddleware installed?"
        raise LookupError(message)
    return context


def active() -> RequestContext | None:
    """The context of the request that the running task belongs to, for code that has no scope at hand."""
    return _active.get()


class activated:  # noqa: N801 - a context manager, and a generator for each request would cost more
    """Let everything that is logged inside carry the ids of ``context``."""

    __slots__ = ("_context", "_token")

    def __init__(self, context: RequestContext) -> None:
        self._context = context

    def __enter__(self) -> None:
        self._token = _active.set(self._context)

    def __exit__(self, *_failure: object) -> None:
        _active.reset(self._token)


def set_consumer(scope: Scope, consumer: str, tier: str) -> None:
    """Note who calls, as an opaque id, and on which plan."""
    context = current(scope)
    context.consumer = consumer
    context.consumer_tier = tier


def log_fields(context: RequestContext) -> Mapping[str, str | None]:
    """What every log line of a request carries."""
    return {
        "request_id": context.request_id,
        "trace_id": context.trace_id,
        "span_id": context.span_id,
        "api_version": context.api_version,
    }
