"""Which traces are kept: a share of all, and whatever failed or was slow."""

from typing import Final

from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from observability.tracing.config import TracingConfig

SERVER_ERROR: Final = 500


class Sampler:
    """Decides twice: by the ratio at the root, by the outcome at the end."""

    def __init__(self, config: TracingConfig) -> None:
        # The SDK's bound, so that another service with the same ratio keeps the same traces.
        self._bound = TraceIdRatioBased(config.sample_ratio).bound
        self._trust_parent = config.trust_parent
        self._slow_threshold = config.slow_threshold

    def root(self, trace_id: str, span_id: str, parent_sampled: bool | None) -> bool:  # noqa: FBT001 - the W3C flag
        """The decision before anything ran. ``parent_sampled`` is ``None`` for a trace that begins here.

        In a stranger's trace the random bits are those of our span id: whoever chooses the trace id must not choose
        with it what we keep.
        """
        if parent_sampled is None:
            return int(trace_id[16:], 16) < self._bound
        if self._trust_parent:
            return parent_sampled
        return int(span_id, 16) < self._bound

    def continued(self, trace_id: str, *, parent_sampled: bool) -> bool:
        """The decision on work of ours that another process of ours enqueued: what it kept is kept whole."""
        return parent_sampled or int(trace_id[16:], 16) < self._bound

    def notable(self, status: int, seconds: float) -> bool:
        """Whether the outcome alone is reason enough."""
        return status >= SERVER_ERROR or seconds > self._slow_threshold

    def slow(self, seconds: float) -> bool:
        """Whether it took longer than it should."""
        return seconds > self._slow_threshold
