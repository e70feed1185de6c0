"""Traces on the local disk, for installations without a collector: a bounded file per process."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import orjson
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from observability.tracing.local import SUFFIX
from observability.tracing.spans import Finished, build

UNWRITABLE: Final = "unwritable"
_SEGMENT_BYTES: Final = 1_048_576
"""The size of a segment. A process has two: the current one and the previous one."""
_MOST_FILES: Final = 16
"""The maximum number of segments in the folder; the oldest are removed first."""
_MILLION: Final = 1_000_000


class RingWriter:
    """Appends one line per trace. A full segment becomes the previous one, and the one before it is dropped."""

    def __init__(self, folder: Path, resource: Resource, *, segment_bytes: int = _SEGMENT_BYTES) -> None:
        self._folder = folder
        self._resource = resource
        self._segment_bytes = segment_bytes
        self._service = str(resource.attributes["service.name"])
        self._path = folder / f"{self._service}-{os.getpid()}{SUFFIX}"

    def deliver(self, batch: list[Finished]) -> str | None:
        """See ``Destination``."""
        lines = b"".join(orjson.dumps(self._line(done), default=str) + b"\n" for done in batch)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._path.exists():
                self._remove_oldest()
            elif self._path.stat().st_size + len(lines) > self._segment_bytes:
                self._path.replace(self._path.with_name(f"{self._path.stem}.1{SUFFIX}"))
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(lines)
        except OSError:
            return UNWRITABLE
        return None

    def interrupt(self) -> None:
        """Does nothing: a write to a local file ends without help."""

    def _line(self, done: Finished) -> Mapping[str, object]:
        return {
            "trace_id": done.recording.trace_id,
            "service": self._service,
            "spans": [_span_line(span) for span in build(done, self._resource)],
        }

    def _remove_oldest(self) -> None:
        known = sorted(self._folder.glob(f"*{SUFFIX}"), key=_modified_at)
        for path in known[: max(0, len(known) - _MOST_FILES + 1)]:
            with suppress(FileNotFoundError):
                path.unlink()


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _span_line(span: ReadableSpan) -> Mapping[str, object]:
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
