"""Traces on the local disk, where there is no collector: a bounded file for each process, and their reader."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from observability.tracing.spans import Finished, build

UNWRITABLE: Final = "unwritable"
_SEGMENT_BYTES: Final = 1_048_576
"""A process keeps two segments, the one it writes and the one before."""
_MOST_FILES: Final = 16
"""Segments in the folder; those written longest ago go first."""
_SUFFIX: Final = ".jsonl"
_MILLION: Final = 1_000_000


class RingWriter:
    """Appends one line for each trace, and forgets the older half when a segment is full."""

    def __init__(self, folder: Path, resource: Resource, *, segment_bytes: int = _SEGMENT_BYTES) -> None:
        self._folder = folder
        self._resource = resource
        self._segment_bytes = segment_bytes
        self._service = str(resource.attributes["service.name"])
        self._path = folder / f"{self._service}-{os.getpid()}{_SUFFIX}"

    def deliver(self, batch: list[Finished]) -> str | None:
        """See ``Destination``."""
        lines = b"".join(orjson.dumps(self._line(done), default=str) + b"\n" for done in batch)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._path.exists():
                self._forget_oldest()
            elif self._path.stat().st_size + len(lines) > self._segment_bytes:
                self._path.replace(self._path.with_name(f"{self._path.stem}.1{_SUFFIX}"))
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(lines)
        except OSError:
            return UNWRITABLE
        return None

    def interrupt(self) -> None:
        """A write to a local file ends by itself."""

    def _line(self, done: Finished) -> Mapping[str, object]:
        return {
            "trace_id": done.recording.trace_id,
            "service": self._service,
            "spans": [_plain(span) for span in build(done, self._resource)],
        }

    def _forget_oldest(self) -> None:
        known = sorted(self._folder.glob(f"*{_SUFFIX}"), key=_written)
        for path in known[: max(0, len(known) - _MOST_FILES + 1)]:
            with suppress(FileNotFoundError):
                path.unlink()


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _plain(span: ReadableSpan) -> Mapping[str, object]:
    context = span.get_span_context()
    started, ended = span.start_time or 0, span.end_time or 0
    return {
        "span_id": f"{context.span_id:016x}" if context is not None else None,
        "parent_span_id": f"{span.parent.span_id:016x}" if span.parent is not None else None,
        "name": span.name,
        "kind": span.kind.name.lower(),
        "start_ns": started,
        "duration_ms": round((ended - started) / _MILLION, 3),
        "error": span.status.status_code is StatusCode.ERROR,
        "attributes": dict(span.attributes or {}),
        "events": [{"name": event.name, "attributes": dict(event.attributes or {})} for event in span.events],
    }


@dataclass(frozen=True, slots=True)
class LocalTrace:
    """What the processes of this home did for one trace. Spans are as ``RingWriter`` writes them, by their start."""

    trace_id: str
    spans: list[dict[str, Any]]

    @property
    def started_ns(self) -> int:
        """Nanoseconds since 1970."""
        started: int = self.spans[0]["start_ns"]
        return started

    @property
    def failed(self) -> bool:
        """Whether any of it is an error."""
        return any(span["error"] for span in self.spans)

    @property
    def longest_ms(self) -> float:
        """The duration of its longest span: a job may run long after the request that began the trace has ended."""
        return max(float(span["duration_ms"]) for span in self.spans)

    def roots(self) -> list[dict[str, Any]]:
        """The spans whose parent is not here."""
        known = {span["span_id"] for span in self.spans}
        return [span for span in self.spans if span["parent_span_id"] not in known]

    def below(self, span_id: str) -> list[dict[str, Any]]:
        """The children of a span."""
        return [span for span in self.spans if span["parent_span_id"] == span_id]


def read_ring(folder: Path) -> list[LocalTrace]:
    """Every trace that is still there, newest first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in folder.glob(f"*{_SUFFIX}"):
        for part in _lines(path):
            found.setdefault(part["trace_id"], []).extend(part["spans"])
    traces = [LocalTrace(name, sorted(spans, key=lambda span: span["start_ns"])) for name, spans in found.items()]
    return sorted(traces, key=lambda trace: trace.started_ns, reverse=True)


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        # Rotated away meanwhile.
        return
    for line in text.splitlines():
        # The last line of a process that was killed may be half of one.
        with suppress(orjson.JSONDecodeError):
            yield orjson.loads(line)
