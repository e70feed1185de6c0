"""Converts recordings to spans of the OpenTelemetry SDK, which exporters accept."""

import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter, time_ns
from typing import Final
from uuid import uuid4

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from observability.logs.redaction import redact_text
from observability.requests.trace_context import new_span_id
from observability.tracing.config import TracingConfig
from observability.tracing.recording import Attributes, Recording

_SCOPE: Final = InstrumentationScope("observability.tracing")
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_DATABASE_SYSTEM: Final = "postgresql"
_LONGEST_TRACEBACK: Final = 8_000
_BILLION: Final = 1_000_000_000


@dataclass(slots=True)
class Finished:
    """A finished root span with its children. The export thread builds the SDK spans from it."""

    recording: Recording
    name: str
    kind: SpanKind
    parent_span_id: str | None
    duration: float
    attributes: Callable[[], Attributes]
    """Computes the attributes; called in the export thread."""
    error: str | None
    """``None`` unless the span is an error."""
    exception: Mapping[str, str] | None
    ended_ns: int
    ended: float
    """The same moment as a ``perf_counter`` value, to convert between the two clocks."""
    database: Attributes
    """Added to the spans of statements."""

    @property
    def size(self) -> int:
        """The number of spans."""
        return 1 + len(self.recording.children)


def finish_recording(
    recording: Recording,
    name: str,
    kind: SpanKind,
    *,
    parent_span_id: str | None,
    ended: float,
    duration: float,
    attributes: Callable[[], Attributes],
    error: str | None,
    database: Attributes,
) -> Finished:
    """Close a recording that ended at ``ended``, a ``perf_counter`` value, after ``duration`` seconds.

    Stores the text of the exception and drops the reference to it, which would keep its frames alive.
    """
    failure, recording.failure = recording.failure, None
    exception = exception_attributes(failure) if failure is not None and error is not None else None
    ended_ns = time_ns() - int((perf_counter() - ended) * _BILLION)
    return Finished(
        recording, name, kind, parent_span_id, duration, attributes, error, exception, ended_ns, ended, database
    )


def exception_attributes(error: BaseException) -> Mapping[str, str]:
    """Return the attributes of an ``exception`` event, without secrets and without the values of local variables."""
    text = "".join(traceback.format_exception(error))[-_LONGEST_TRACEBACK:]
    kind = type(error)
    return {
        "exception.type": f"{kind.__module__}.{kind.__qualname__}",
        "exception.message": redact_text(str(error)),
        "exception.stacktrace": redact_text(text),
    }


def make_resource(config: TracingConfig) -> Resource:
    """Describe this process. ``OTEL_RESOURCE_ATTRIBUTES`` may add attributes."""
    return Resource.create(
        {
            "service.name": config.service,
            "service.version": config.version,
            "service.instance.id": str(uuid4()),
            "deployment.environment.name": config.environment,
            "process.pid": os.getpid(),
        }
    )


def build(done: Finished, resource: Resource) -> list[ReadableSpan]:
    """Build the root span and its children."""
    recording = done.recording
    trace_id = int(recording.trace_id, 16)
    root = SpanContext(trace_id, int(recording.span_id, 16), is_remote=False, trace_flags=_SAMPLED)
    parent = None
    if done.parent_span_id is not None:
        parent = SpanContext(trace_id, int(done.parent_span_id, 16), is_remote=True, trace_flags=_SAMPLED)
    attributes = done.attributes()
    if recording.dropped:
        attributes = {**attributes, "strata.dropped_spans": recording.dropped}
    events = () if done.exception is None else (Event("exception", done.exception, timestamp=done.ended_ns),)
    spans = [
        ReadableSpan(
            name=done.name,
            context=root,
            parent=parent,
            resource=resource,
            attributes=attributes,
            events=events,
            kind=done.kind,
            status=_status(done.error),
            start_time=done.ended_ns - int(done.duration * _BILLION),
            end_time=done.ended_ns,
            instrumentation_scope=_SCOPE,
        )
    ]
    for child in recording.children:
        span_id = int(child.span_id or new_span_id(), 16)
        error = child.error
        attributes = child.attributes
        if attributes.get("db.system.name") == _DATABASE_SYSTEM:
            attributes = {**attributes, **done.database}
        spans.append(
            ReadableSpan(
                name=child.name,
                context=SpanContext(trace_id, span_id, is_remote=False, trace_flags=_SAMPLED),
                parent=root,
                resource=resource,
                attributes=attributes if error is None else {**attributes, "error.type": error},
                kind=child.kind,
                status=_status(error),
                start_time=_wall(done, child.started),
                end_time=_wall(done, child.ended),
                instrumentation_scope=_SCOPE,
            )
        )
    return spans


def _wall(done: Finished, moment: float) -> int:
    return done.ended_ns - int((done.ended - moment) * _BILLION)


def _status(error: str | None) -> Status:
    return Status(StatusCode.UNSET) if error is None else Status(StatusCode.ERROR)
