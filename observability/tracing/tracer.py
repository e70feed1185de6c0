"""Tracing in one process."""

from collections.abc import Callable

from opentelemetry.trace import SpanKind

from observability.tracing.config import TracingConfig
from observability.tracing.pipeline import Destination, Pipeline, SpanCounts
from observability.tracing.recording import Attributes, Recording
from observability.tracing.ring import RingWriter
from observability.tracing.sampling import Sampler
from observability.tracing.spans import finish_recording, make_resource


class Tracing:
    """Samples requests and jobs, and exports their spans between ``start`` and ``close``.

    It sets no global tracer provider: each application and each test has its own, and libraries emit no spans.
    """

    def __init__(self, config: TracingConfig) -> None:
        self.sampler = Sampler(config)
        self._config = config
        self._pipeline: Pipeline | None = None
        self._database: Attributes = {}

    def start(self, counts: SpanCounts, database: Attributes | None = None) -> None:
        """Start to export. Call it in the serving process, since threads do not survive a fork.

        ``database`` describes the database of this process; its spans get these attributes.
        """
        self._database = database or {}
        destination = self._destination()
        if destination is not None:
            self._pipeline = Pipeline(destination, counts)
            self._pipeline.start()

    def close(self) -> None:
        """Export the queued spans and stop, within two seconds. Blocks: do not call it in an event loop."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.close()

    @property
    def exporting(self) -> bool:
        """Whether spans are exported at all."""
        return self._pipeline is not None

    def keep(
        self,
        recording: Recording,
        name: str,
        kind: SpanKind,
        *,
        parent_span_id: str | None,
        ended: float,
        duration: float,
        attributes: Callable[[], Attributes],
        error: str | None,
    ) -> None:
        """Queue a finished recording for export. See ``finish_recording``."""
        if self._pipeline is not None:
            self._pipeline.submit(
                finish_recording(
                    recording,
                    name,
                    kind,
                    parent_span_id=parent_span_id,
                    ended=ended,
                    duration=duration,
                    attributes=attributes,
                    error=error,
                    database=self._database,
                )
            )

    def _destination(self) -> Destination | None:
        config = self._config
        if config.endpoint is not None:
            # The exporter, requests and protobuf take 0.25 s to import, so they are imported only for export.
            from observability.tracing.collector import Collector  # noqa: PLC0415 - see above

            return Collector(config.endpoint, config.timeout, make_resource(config))
        if config.ring is not None:
            return RingWriter(config.ring, make_resource(config))
        return None
