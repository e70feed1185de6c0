"""What the composition root tells this package."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "json", "console"]
"""``auto``: console on a terminal, else JSON."""

EXPOSED_HEADERS: Final = (
    "API-Deprecated",
    "API-Version",
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
"""Response headers that a script in a browser may read beyond the few of the Fetch standard."""

ACCEPTED_HEADERS: Final = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
    "X-API-Key",
    "X-Request-ID",
    "traceparent",
    "tracestate",
)
"""Request headers that a script in a browser may send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsPolicy:
    """Which pages of other origins may call. Without origins no CORS header is ever sent.

    Raises ``ValueError`` for ``*`` together with credentials: any page could act as whoever is signed in.
    """

    allow_origins: tuple[str, ...] = ()
    allow_credentials: bool = False
    allow_methods: tuple[str, ...] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    allow_headers: tuple[str, ...] = ACCEPTED_HEADERS
    expose_headers: tuple[str, ...] = EXPOSED_HEADERS
    max_age: int = 600
    """Seconds for which a browser may remember the answer to a preflight."""

    def __post_init__(self) -> None:
        if self.allow_credentials and "*" in self.allow_origins:
            message = "CORS: '*' must not be combined with credentials; name the origins"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservabilityConfig:
    """Settings of the whole package, fixed for the life of an application."""

    service: str = "strata"
    log_level: LogLevel = "info"
    log_format: LogFormat = "auto"
    mounts: Mapping[str, str] = field(default_factory=dict)
    """Path prefix -> API version (``{"/api/v1": "v1"}``); no prefix lies within another."""
    quiet_paths: frozenset[str] = frozenset({"/health", "/health/ready", "/metrics"})
    """Exact paths that machines ask for all day: their successes are logged at debug level only."""
    cors: CorsPolicy = field(default_factory=CorsPolicy)
    deprecated_versions: frozenset[str] = frozenset()
    """Names of the versions whose requests ``api_deprecated_requests_total`` counts."""
    metrics_folder: Path | None = None
    """Where the processes of one server count together; ``None`` where there is only one."""
    consumer_series: int = 1000
    """The most series that ``api_consumer_requests_total`` may have."""
    conformance_ratio: float = 0.0
    """The share of requests that an auditor gets to judge."""
