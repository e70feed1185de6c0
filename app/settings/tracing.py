"""Settings of tracing."""

from pydantic import Field

from app.settings.group import Group, Seconds


class TracingSettings(Group, name="tracing"):
    """Traces. Without an endpoint, they are stored under ``STRATA_HOME`` for ``strata traces``."""

    endpoint: str | None = Field(
        None, pattern=r"^https?://[^\s]+$", description="base URL of an OTLP/HTTP collector: http://collector:4318"
    )
    sample_ratio: float = Field(
        0.1, ge=0, le=1, description="share of traces that is stored; `strata up` stores all in development"
    )
    slow_threshold: Seconds = Field(
        1.0, description="seconds; a slower request or job is always stored, and so is one with an error"
    )
    timeout: Seconds = Field(5.0, description="seconds in which the collector must accept a batch")
    trust_parent: bool = Field(
        default=False, description="use the caller's sampling decision: only behind a gateway of your own"
    )
