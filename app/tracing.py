"""From the settings to what ``observability`` wants to know."""

from importlib.metadata import version
from pathlib import Path

from app.settings import Settings
from observability.tracing.config import TracingConfig


def tracing_config(settings: Settings, service: str) -> TracingConfig:
    """The tracing of one process. ``service`` tells the API from the worker."""
    given = settings.tracing
    return TracingConfig(
        service=service,
        version=version("strata"),
        environment=settings.environment,
        endpoint=given.endpoint,
        timeout=given.timeout,
        sample_ratio=given.sample_ratio,
        slow_threshold=given.slow_threshold,
        trust_parent=given.trust_parent,
        ring=ring_folder(settings.home) if given.endpoint is None else None,
    )


def ring_folder(home: Path) -> Path:
    """Where local traces lie."""
    return home / "traces"
