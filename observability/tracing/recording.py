"""Records the spans of one request or job. SDK spans are built later, because most recordings are discarded."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from time import perf_counter
from types import TracebackType
from typing import Final

from opentelemetry.trace import SpanKind

from observability.requests.trace_context import format_traceparent, new_span_id

Attributes = Mapping[str, str | int | float | bool]

MOST_CHILDREN: Final = 128
"""The maximum number of child spans in one recording."""


class Child:
    """A child span of the root, open while its block runs. Spans inside it also become children of the root.

    ``started`` and ``ended`` are ``perf_counter`` values. ``error`` is the class name of the exception that ended the
    span; the message is omitted because it may contain secrets. ``span_id`` is set only if the id has left the process;
    otherwise it is generated when the span is built.
    """

    __slots__ = ("_recording", "attributes", "ended", "error", "kind", "name", "span_id", "started")

    def __init__(
        self, recording: "Recording", name: str, kind: SpanKind, attributes: Attributes, span_id: str | None = None
    ) -> None:
        self._recording: Recording | None = recording
        self.name = name
        self.kind = kind
        self.attributes = attributes
        self.span_id = span_id
        self.started = self.ended = 0.0
        self.error: str | None = None

    def __enter__(self) -> None:
        self.started = perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.ended = perf_counter()
        if kind is not None:
            self.error = kind.__name__
        # Break the reference cycle, which would otherwise stay until the next garbage collection.
        recording, self._recording = self._recording, None
        if recording is None:
            return
        # Bounds the memory of a loop over statements.
        if len(recording.children) < MOST_CHILDREN:
            recording.children.append(self)
        else:
            recording.dropped += 1


class Recording:
    """The child spans of one root span, in the order of their ends."""

    __slots__ = ("children", "dropped", "failure", "sampled", "span_id", "trace_id")

    def __init__(self, trace_id: str, span_id: str, *, sampled: bool) -> None:
        self.trace_id = trace_id
        self.span_id = span_id
        self.sampled = sampled
        """The sampling decision at the root; an error or a slow response may still change it to true."""
        self.children: list[Child] = []
        self.dropped = 0
        self.failure: BaseException | None = None
        """The exception that was logged with its traceback."""


RECORDING: Final[ContextVar[Recording | None]] = ContextVar("recording", default=None)
"""The recording of the running task."""
_NOTHING: Final = nullcontext()


@contextmanager
def use_recording(recording: Recording) -> Iterator[None]:
    """Collect the spans of the block in ``recording``."""
    token = RECORDING.set(recording)
    try:
        yield
    finally:
        RECORDING.reset(token)


def client_span(name: str, attributes: Attributes, *, kind: SpanKind = SpanKind.CLIENT) -> AbstractContextManager[None]:
    """Record the block as a child span if a request or job is being recorded.

    ``attributes`` is not copied until the span is exported, so it should be a constant. It must contain no value that a
    client sent.
    """
    recording = RECORDING.get()
    return _NOTHING if recording is None else Child(recording, name, kind, attributes)


@contextmanager
def producer_span(name: str, attributes: Attributes) -> Iterator[str | None]:
    """Record a span for enqueued work. Yields the ``traceparent`` to pass to the other process."""
    recording = RECORDING.get()
    if recording is None:
        yield None
        return
    span_id = new_span_id()
    with Child(recording, name, SpanKind.PRODUCER, attributes, span_id):
        yield format_traceparent(recording.trace_id, span_id, sampled=recording.sampled)


def current_traceparent() -> str | None:
    """The ``traceparent`` of the running request or job, for work that follows from it; None outside of both."""
    recording = RECORDING.get()
    if recording is None:
        return None
    return format_traceparent(recording.trace_id, recording.span_id, sampled=recording.sampled)


def current_trace_id() -> str | None:
    """The id of the trace of the running request or job; None outside of both."""
    recording = RECORDING.get()
    return None if recording is None else recording.trace_id


def record_failure(error: BaseException) -> None:
    """Store the exception that the running request or job fails with."""
    recording = RECORDING.get()
    if recording is not None:
        recording.failure = error
