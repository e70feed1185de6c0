"""Decides which traces are exported: a share of all, and every trace that failed or was slow."""

from typing import Final

from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from observability.tracing.config import TracingConfig

SERVER_ERROR: Final = 500


class Sampler:
    """Decides twice: by the ratio at the start, and by the outcome at the end."""

    def __init__(self, config: TracingConfig) -> None:
        # The SDK's bound, so that other services with the same ratio select the same traces.
        self._bound = TraceIdRatioBased(config.sample_ratio).bound
        self._trust_parent = config.trust_parent
        self._slow_threshold = config.slow_threshold

    def root(self, trace_id: str, span_id: str, parent_sampled: bool | None) -> bool:  # noqa: FBT001 - the W3C flag
        """Decide before the request runs. ``parent_sampled`` is ``None`` for a new trace.

        For a foreign trace the random bits come from our span id: otherwise a client could force sampling with its
        choice of the trace id.
        """
        if parent_sampled is None:
            return int(trace_id[16:], 16) < self._bound
        if self._trust_parent:
            return parent_sampled
        return int(span_id, 16) < self._bound

    def continued(self, trace_id: str, *, parent_sampled: bool) -> bool:
        """Decide for a job that one of our processes enqueued: a sampled trace is continued."""
        return parent_sampled or int(trace_id[16:], 16) < self._bound

    def notable(self, status: int, seconds: float) -> bool:
        """Whether the outcome alone is reason enough to export the trace."""
        return status >= SERVER_ERROR or seconds > self._slow_threshold

    def slow(self, seconds: float) -> bool:
        """Whether the duration is above the threshold."""
        return seconds > self._slow_threshold
