"""The configuration of tracing, which the composition root provides."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TracingConfig:
    """Constant while a process runs."""

    service: str = "strata"
    version: str = "0"
    environment: str = "development"
    endpoint: str | None = None
    """The base URL of an OTLP/HTTP collector; ``/v1/traces`` is appended."""
    timeout: float = 5.0
    """Seconds within which the collector must accept a batch, including retries."""
    sample_ratio: float = 0.1
    slow_threshold: float = 1.0
    """Seconds. Slower requests and jobs are always exported."""
    trust_parent: bool = False
    """Whether callers decide about sampling. Only safe behind a trusted gateway."""
    ring: Path | None = None
    """The folder for traces when there is no collector; ``None`` discards them."""
