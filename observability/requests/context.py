"""The request context: one object per request, created before any other layer runs."""

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from time import perf_counter
from typing import Final

from starlette.types import Scope

from observability.conformance.exchange import BodyBuffer
from observability.requests.routes import OTHER_METHOD, UNMATCHED, method, route_template
from observability.tracing.recording import Recording

KEY: Final = "context"
"""The key of the context in ``scope["state"]``."""

CLIENT_GONE: Final = 499
"""The status of a request whose client disconnected before the response was complete (a convention of nginx)."""
FAILED: Final = 500
FORBIDDEN: Final = 403
"""What a server responds if a WebSocket is closed before it is accepted."""
SWITCHING_PROTOCOLS: Final = 101
NOT_FOUND: Final = 404
EVENT_STREAM: Final = b"text/event-stream"
HANDSHAKE_METHOD: Final = "GET"

ACTIVE: Final[ContextVar["RequestContext | None"]] = ContextVar("request_context", default=None)
"""The context of the request that the running task serves, for code without access to the scope. The log processors
add its ids to every line."""


def _never(_status: int, _seconds: float) -> bool:
    return False


class RequestContext:
    """The ids, the client and the outcome of one request. Filled during the request; complete after ``finish``."""

    __slots__ = (
        "accepted",
        "api_version",
        "body",
        "bytes_out",
        "close_code",
        "complete",
        "consumer",
        "consumer_tier",
        "database_seconds",
        "database_statements",
        "deprecated",
        "disconnected",
        "duration",
        "key",
        "method",
        "notable",
        "parent_sampled",
        "parent_span_id",
        "policy",
        "problem",
        "recording",
        "reported",
        "request_id",
        "route",
        "sampled",
        "span_id",
        "started",
        "status",
        "streaming",
        "trace_id",
        "user",
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
        self.trace_id, self.span_id = trace_id, span_id
        self.parent_span_id = parent_span_id
        self.parent_sampled = parent_sampled
        """The sampling decision of the caller; ``None`` for a new trace."""
        self.sampled = False
        """Whether the trace is exported. An error or a slow response may still set it; final once the application has
        run."""
        self.recording: Recording | None = None
        """The spans of the request; ``None`` without tracing."""
        self.notable: Callable[[int, float], bool] = _never
        """Whether a status and a duration in seconds are reason enough to export the trace; set by the tracing
        listener."""
        self.api_version = api_version
        """``None`` for a path outside all versions."""
        self.body: BodyBuffer | None = None
        """Collects the body as the application receives it, if a listener sets it."""
        self.consumer: str | None = None
        self.consumer_tier: str | None = None
        self.key: str | None = None
        """The uid of the API key; ``None`` without one."""
        self.user: str | None = None
        """The uid of the user; ``None`` for an anonymous caller."""
        self.problem: str | None = None
        """The code of the error response, which the code of the product defines."""
        self.policy: str | None = None
        """The names of the rate-limit policies that rejected the request."""
        self.database_seconds = 0.0
        self.database_statements = 0
        """Statements that ran in the task of this request. A look-up that requests share counts for the first one."""
        self.deprecated: tuple[str, ...] = ()
        """The deprecated parts of its version that the request used, by their names in the code."""
        self.route = UNMATCHED
        self.method = OTHER_METHOD
        """One of the methods of ``observability.requests.routes``, set by ``finish``."""
        self.started = perf_counter()
        self.duration = 0.0
        """Seconds, set by ``finish``."""
        self.status: int | None = None
        self.bytes_out = 0
        """Bytes of the body, before any compression by a proxy. Excludes files that the server sends itself
        (pathsend)."""
        self.complete = False
        """Whether the last byte of the response was passed to the server."""
        self.disconnected = False
        self.streaming = False
        """Whether the response is a stream of events, which stays open."""
        self.reported = False
        """Whether the end was reported before the application returned: the stream goes on."""
        self.accepted = False
        """Whether the handshake of a WebSocket was accepted."""
        self.close_code: int | None = None
        """The code with which a WebSocket was closed, by either side; ``None`` if the connection was lost."""

    @property
    def response_started(self) -> bool:
        """Whether the start of the response has been sent."""
        return self.status is not None

    def finish(self, scope: Scope) -> None:
        """Set route, method, status and duration once, so that metrics, trace and log line agree.

        An incomplete response counts as 499 if the client disconnected, else as 500, regardless of the status line that
        was sent.
        """
        self.duration = perf_counter() - self.started
        self.route = route_template(scope)
        self.method = method(scope)
        if not self.complete or self.status is None:
            self.status = CLIENT_GONE if self.disconnected else FAILED

    def finish_socket(self, scope: Scope) -> None:
        """Set route, method, status and duration of a WebSocket once. The status is that of its handshake."""
        self.duration = perf_counter() - self.started
        self.route = route_template(scope)
        self.method = HANDSHAKE_METHOD
        if self.accepted:
            self.status = SWITCHING_PROTOCOLS
        elif self.status is None:
            self.status = CLIENT_GONE if self.close_code is None else FORBIDDEN


Requests = Sequence[tuple[Scope, RequestContext]]


def current(scope: Scope) -> RequestContext:
    """Return the context of the request. Raises ``LookupError`` if ``RequestContextMiddleware`` has not run."""
    context: RequestContext | None = scope.get("state", {}).get(KEY)
    if context is None:
        message = "no request context: is RequestContextMiddleware installed?"
        raise LookupError(message)
    return context


def set_consumer(scope: Scope, *, key: str | None, user: str, tier: str) -> None:
    """Store the opaque ids and the plan of the client. The consumer is the key or, without one, the user."""
    context = current(scope)
    context.consumer = key or user
    context.key, context.user = key, user
    context.consumer_tier = tier


def record_problem(scope: Scope, code: str, policies: Sequence[str]) -> None:
    """Store why the request is rejected or fails. Both are names from the code, never text of a client."""
    context = current(scope)
    context.problem = code
    if policies:
        context.policy = ",".join(policies)


def log_fields(context: RequestContext) -> Mapping[str, str | None]:
    """Return the fields that every log line of a request carries."""
    return {
        "request_id": context.request_id,
        "trace_id": context.trace_id,
        "span_id": context.span_id,
        "api_version": context.api_version,
    }
