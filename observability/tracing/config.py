"""What the composition root tells about tracing."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TracingConfig:
    """Fixed for the life of a process."""

    service: str = "strata"
    version: str = "0"
    environment: str = "development"
    endpoint: str | None = None
    """The base URL of a collector that speaks OTLP/HTTP; ``/v1/traces`` is added."""
    timeout: float = 5.0
    """Seconds in which the collector must have taken a batch, retries included."""
    sample_ratio: float = 0.1
    slow_threshold: float = 1.0
    """Seconds; whatever takes longer is kept."""
    trust_parent: bool = False
    """Whether callers decide what is sampled: only behind a gateway of one's own."""
    ring: Path | None = None
    """Where traces are kept when there is no collector; ``None`` keeps none."""
