"""Who asks for what: one object per request, made before anything else runs."""

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from time import perf_counter
from typing import Final

from starlette.types import Scope

from observability.requests.routes import OTHER_METHOD, UNMATCHED, method, route_template
from observability.tracing.recording import Recording

KEY: Final = "context"
"""Where ``scope["state"]`` holds the context."""

CLIENT_GONE: Final = 499
"""The status of a request whose client left before the answer was whole (a convention of nginx)."""
FAILED: Final = 500

ACTIVE: Final[ContextVar["RequestContext | None"]] = ContextVar("request_context", default=None)
"""The context of the request that the running task belongs to, for code that has no scope at hand; every line that is
logged there carries its ids."""


def _never(_status: int, _seconds: float) -> bool:
    return False


class RequestContext:
    """What is known of a request. Filled as it goes its way; complete after ``finish``."""

    __slots__ = (
        "api_version",
        "bytes_out",
        "complete",
        "consumer",
        "consumer_tier",
        "deprecated",
        "disconnected",
        "duration",
        "method",
        "notable",
        "parent_sampled",
        "parent_span_id",
        "recording",
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
        self.recording: Recording | None = None
        """What the request does, where that is traced."""
        self.notable: Callable[[int, float], bool] = _never
        """Whether a status after so many seconds is reason enough to keep it; whoever traces says so."""
        self.api_version = api_version
        """``None`` outside of every version."""
        self.consumer: str | None = None
        self.consumer_tier: str | None = None
        self.deprecated: tuple[str, ...] = ()
        """What the request used that is deprecated within its version, as the code names it."""
        self.route = UNMATCHED
        self.method = OTHER_METHOD
        """One of the few of ``observability.requests.routes``, once finished."""
        self.started = perf_counter()
        self.duration = 0.0
        """Seconds, once finished."""
        self.status: int | None = None
        self.bytes_out = 0
        """Bytes of the body, before any compression by a proxy; those of a file that the server sends are not known."""
        self.complete = False
        """Whether the last byte of the response was handed to the server."""
        self.disconnected = False

    @property
    def started_answering(self) -> bool:
        """Whether the head of a response has been sent."""
        return self.status is not None

    def finish(self, scope: Scope) -> None:
        """Settle route, method, status and duration, once, so that metric, trace and log line tell the same.

        A response that never became whole counts as 499 when the client left, else as 500, whatever its head had
        promised.
        """
        self.duration = perf_counter() - self.started
        self.route = route_template(scope)
        self.method = method(scope)
        if not self.complete or self.status is None:
            self.status = CLIENT_GONE if self.disconnected else FAILED


Requests = Sequence[tuple[Scope, RequestContext]]


def current(scope: Scope) -> RequestContext:
    """The context of the request. Raises ``LookupError`` where ``RequestContextMiddleware`` has not run."""
    context: RequestContext | None = scope.get("state", {}).get(KEY)
    if context is None:
        message = "no request context: is RequestContextMiddleware installed?"
        raise LookupError(message)
    return context


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
