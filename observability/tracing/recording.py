"""What one request or job did, noted while it runs. Nothing is built yet: most recordings are thrown away."""

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
"""Spans within one recording."""


class Child:
    """A span below the root, open while its block runs. It has no children: what runs inside it belongs to the root.

    ``started`` and ``ended`` are of ``perf_counter``. ``error`` is the name of the exception that ended it, since its
    text may hold anything. ``span_id`` is given only where the id has left the process; else it is made when the span
    is built.
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
        # Let go of it, or the two would hold each other until the next collection.
        recording, self._recording = self._recording, None
        if recording is None:
            return
        # A loop over statements must not fill the memory.
        if len(recording.children) < MOST_CHILDREN:
            recording.children.append(self)
        else:
            recording.dropped += 1


class Recording:
    """The children of one root span, as they end."""

    __slots__ = ("children", "dropped", "failure", "sampled", "span_id", "trace_id")

    def __init__(self, trace_id: str, span_id: str, *, sampled: bool) -> None:
        self.trace_id = trace_id
        self.span_id = span_id
        self.sampled = sampled
        """The decision at the root; an error or a slow answer may still overrule a no."""
        self.children: list[Child] = []
        self.dropped = 0
        self.failure: BaseException | None = None
        """The exception that was logged with its traceback."""


RECORDING: Final[ContextVar[Recording | None]] = ContextVar("recording", default=None)
"""The recording that the running task belongs to."""
_NOTHING: Final = nullcontext()


@contextmanager
def recorded(recording: Recording) -> Iterator[None]:
    """Let everything inside note its spans in ``recording``."""
    token = RECORDING.set(recording)
    try:
        yield
    finally:
        RECORDING.reset(token)


def client_span(name: str, attributes: Attributes, *, kind: SpanKind = SpanKind.CLIENT) -> AbstractContextManager[None]:
    """Note the block as a span, where a request or job is being recorded.

    ``attributes`` is kept as it is until the span is exported, and is best a constant. It must hold no value that a
    caller sent.
    """
    recording = RECORDING.get()
    return _NOTHING if recording is None else Child(recording, name, kind, attributes)


@contextmanager
def producer_span(name: str, attributes: Attributes) -> Iterator[str | None]:
    """The same for handing work to another process; yields the ``traceparent`` that is to travel with it."""
    recording = RECORDING.get()
    if recording is None:
        yield None
        return
    span_id = new_span_id()
    with Child(recording, name, SpanKind.PRODUCER, attributes, span_id):
        yield format_traceparent(recording.trace_id, span_id, sampled=recording.sampled)


def note_failure(error: BaseException) -> None:
    """Remember the exception that the running request or job fails with."""
    recording = RECORDING.get()
    if recording is not None:
        recording.failure = error
