"""The attributes of a server span: OpenTelemetry's semantic conventions and our own."""

from collections.abc import Callable
from typing import Final

from opentelemetry.instrumentation._semconv import _StabilityMode
from opentelemetry.instrumentation.asgi import collect_request_attributes
from starlette.types import Scope

from observability.logs.redaction import redact_text
from observability.requests.context import RequestContext
from observability.requests.routes import OTHER_METHOD, UNMATCHED
from observability.tracing.recording import Attributes

_UNWANTED: Final = ("url.query", "client.address", "client.port", "server.address", "server.port")
"""A query may contain a secret, and a client address is personal data."""
_FREE_TEXT: Final = ("url.path", "user_agent.original")


def server_attributes(
    scope: Scope,
    context: RequestContext,
    status: int,
    error: str | None,
    lifecycle: Callable[[str], str] | None = None,
) -> Attributes:
    """Return the attributes of a finished request. Takes tens of microseconds: call it for exported spans only."""
    # The library has no public name for the stable conventions; the environment variable would apply process-wide.
    found: dict[str, str | int | float | bool] = collect_request_attributes(  # type: ignore[no-untyped-call]  # contrib
        scope, _StabilityMode.HTTP
    )
    for name in _UNWANTED:
        found.pop(name, None)
    address, port = scope.get("server") or (None, None)
    # contrib appends the port to the address, even if there is no port.
    ours: dict[str, str | int | None] = {"server.address": address, "server.port": port}
    for name in _FREE_TEXT:
        if name in found:
            found[name] = redact_text(str(found[name]))
    found["http.response.status_code"] = status
    found["http.response.body.size"] = context.bytes_out
    found["strata.request_id"] = context.request_id
    if context.route != UNMATCHED:
        found["http.route"] = context.route
    if error is not None:
        found["error.type"] = error
    version = context.api_version
    ours |= {
        "api.version": context.api_version,
        "api.lifecycle": None if lifecycle is None or version is None else lifecycle(version),
        "api.consumer.id": context.consumer,
        "api.consumer.tier": context.consumer_tier,
    }
    return found | {name: value for name, value in ours.items() if value is not None}


def server_span_name(context: RequestContext) -> str:
    """Return ``GET /api/vN/posts/{post_id}``; the method alone without a route, ``HTTP`` for an unknown method."""
    name = context.method
    if name == OTHER_METHOD:
        name = "HTTP"
    return name if context.route == UNMATCHED else f"{name} {context.route}"
