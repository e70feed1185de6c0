"""The configuration of this package, which the composition root provides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "json", "console"]
"""``auto``: console on a terminal, else JSON."""

EXPOSED_HEADERS: Final = (
    "API-Deprecated",
    "API-Status",
    "API-Version",
    "Accept-Encoding",
    "Accept-Patch",
    "Age",
    "Cache-Status",
    "Deprecation",
    "ETag",
    "Idempotent-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Server-Timing",
    "Sunset",
    "WWW-Authenticate",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-ID",
    "traceresponse",
)
"""Response headers that browser scripts may read, beyond the CORS-safelisted ones of the Fetch standard."""

ACCEPTED_HEADERS: Final = (
    "API-Reads",
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
    "X-API-Key",
    "X-Request-ID",
    "baggage",
    "traceparent",
    "tracestate",
)
"""Request headers that browser scripts may send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsPolicy:
    """The origins whose pages may call the API. Without origins no CORS header is sent.

    Raises ``ValueError`` for ``*`` with credentials: any page could then act on behalf of a signed-in user.
    """

    allow_origins: tuple[str, ...] = ()
    allow_credentials: bool = False
    allow_methods: tuple[str, ...] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    allow_headers: tuple[str, ...] = ACCEPTED_HEADERS
    expose_headers: tuple[str, ...] = EXPOSED_HEADERS
    max_age: int = 600
    """Seconds for which a browser may cache the response to a preflight request."""

    def __post_init__(self) -> None:
        if self.allow_credentials and "*" in self.allow_origins:
            message = "CORS: '*' must not be combined with credentials; name the origins"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservabilityConfig:
    """The configuration of the whole package, constant while an application runs."""

    service: str = "strata"
    release: str = ""
    """The release of the application, a field of every request line."""
    lifecycle: Callable[[str], str] | None = None
    """Returns the status of an API version, an attribute of server spans."""
    log_level: LogLevel = "info"
    log_format: LogFormat = "auto"
    mounts: Mapping[str, str] = field(default_factory=dict)
    """Path prefix -> API version (``{"/api/vN": "vN"}``); no prefix is within another."""
    quiet_paths: frozenset[str] = frozenset({"/health", "/health/ready", "/metrics"})
    """Exact paths that machines poll; successful requests to them are logged at debug level only."""
    cors: CorsPolicy = field(default_factory=CorsPolicy)
    deprecated_versions: frozenset[str] = frozenset()
    """The versions whose requests ``api_deprecated_requests_total`` counts."""
    metrics_folder: Path | None = None
    """The folder in which the processes of one server share metrics; ``None`` for a single process."""
    consumer_series: int = 1000
    """The maximum number of series of ``api_consumer_requests_total`` and
    ``api_consumer_request_seconds_total`` together."""
    conformance_ratio: float = 0.0
    """The share of requests that are checked against the contract."""
