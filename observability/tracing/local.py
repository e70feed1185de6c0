"""Reads the traces that local processes wrote to disk; see ``observability.tracing.ring``."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

SUFFIX: Final = ".jsonl"


@dataclass(frozen=True, slots=True)
class LocalTrace:
    """The spans of one trace from the processes of this home, as ``RingWriter`` writes them, sorted by start."""

    trace_id: str
    spans: list[dict[str, Any]]

    @property
    def started_ns(self) -> int:
        """Nanoseconds since 1970."""
        started: int = self.spans[0]["start_ns"]
        return started

    @property
    def failed(self) -> bool:
        """Whether any span is an error."""
        return any(span["error"] for span in self.spans)

    @property
    def longest_ms(self) -> float:
        """The duration of the longest span; a job may run long after the request that began the trace has ended."""
        return max(float(span["duration_ms"]) for span in self.spans)

    def roots(self) -> list[dict[str, Any]]:
        """Return the spans whose parent is not in this trace."""
        known = {span["span_id"] for span in self.spans}
        return [span for span in self.spans if span["parent_span_id"] not in known]

    def below(self, span_id: str) -> list[dict[str, Any]]:
        """Return the children of a span."""
        return [span for span in self.spans if span["parent_span_id"] == span_id]


def read_ring(folder: Path) -> list[LocalTrace]:
    """Return every trace in the folder, newest first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in folder.glob(f"*{SUFFIX}"):
        for part in _lines(path):
            found.setdefault(part["trace_id"], []).extend(part["spans"])
    traces = [LocalTrace(name, sorted(spans, key=lambda span: span["start_ns"])) for name, spans in found.items()]
    return sorted(traces, key=lambda trace: trace.started_ns, reverse=True)


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        # Removed by rotation in the meantime.
        return
    for line in text.splitlines():
        # The last line of a killed process may be incomplete.
        with suppress(orjson.JSONDecodeError):
            yield orjson.loads(line)
