"""Spans of background jobs, which continue the trace that enqueued them."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import structlog
from opentelemetry.trace import SpanKind

from observability.requests.trace_context import Parent, new_ids, parse_traceparent
from observability.tracing.messaging import QUEUE, processing
from observability.tracing.recording import Recording, use_recording
from observability.tracing.tracer import Tracing


class JobSpan:
    """The span of an attempt. ``error``: why the attempt failed, if the block does not raise it."""

    error: Exception | None = None


@contextmanager
def job_span(
    tracing: Tracing, job: str, traceparent: object, *, attempt: int, system: str = QUEUE
) -> Iterator[JobSpan]:
    """Run the block as one attempt at a job. Its log lines carry the ids of the span.

    ``traceparent`` comes from the queue; an invalid value starts a new trace. Failures are always exported.
    """
    parent = parse_traceparent(traceparent.encode()) if isinstance(traceparent, str) else None
    recording = _recording(tracing, parent)
    started = perf_counter()
    error: str | None = None
    span = JobSpan()
    with (
        use_recording(recording),
        structlog.contextvars.bound_contextvars(trace_id=recording.trace_id, span_id=recording.span_id),
    ):
        try:
            yield span
            if span.error is not None:
                recording.failure, error = span.error, type(span.error).__name__
        except BaseException as failure:
            recording.failure, error = failure, type(failure).__name__
            raise
        finally:
            duration = perf_counter() - started
            if tracing.exporting and (recording.sampled or error is not None or tracing.sampler.slow(duration)):
                name, attributes = processing(job, attempt, system)
                tracing.keep(
                    recording,
                    name,
                    SpanKind.CONSUMER,
                    parent_span_id=None if parent is None else parent.span_id,
                    ended=started + duration,
                    duration=duration,
                    attributes=lambda: attributes if error is None else {**attributes, "error.type": error},
                    error=error,
                )


def _recording(tracing: Tracing, parent: Parent | None) -> Recording:
    trace_id, span_id = new_ids()
    if parent is None:
        return Recording(trace_id, span_id, sampled=tracing.sampler.root(trace_id, span_id, None))
    sampled = tracing.sampler.continued(parent.trace_id, parent_sampled=parent.sampled)
    return Recording(parent.trace_id, span_id, sampled=sampled)
