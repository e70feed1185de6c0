"""How a file of measurements is laid out.

A header, then records that are only ever appended; nothing moves once it is written. A record is a JSON key and, for
a series, its 8-byte values, which are aligned, so that a reader in another process never sees half of one. Beside each
bucket of a histogram lies room for one exemplar, whose checksum tells a reader when it caught it half written.
"""

import json
import struct
import zlib
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["counter", "gauge", "histogram", "summary"]
Merge = Literal["sum", "max", "min"]
"""How the values that several processes give for one series of a gauge become one; all else is summed."""

MAGIC: Final = b"STRATAM1"
HEADER_BYTES: Final = 64
USED_INDEX: Final = 1
"""Which 8-byte word of the header says how many bytes are in use."""
EXEMPLAR_BYTES: Final = 48
NO_EXEMPLAR: Final = bytes(EXEMPLAR_BYTES)

_HEAD: Final = struct.Struct("=II")
_EXEMPLAR: Final = struct.Struct("=dd16s8s")


@dataclass(frozen=True, slots=True)
class Family:
    """What all series of one metric have in common. ``name`` is without ``_total``, as OpenMetrics wants it."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    merge: Merge = "sum"
    bounds: tuple[float, ...] = ()

    @property
    def values(self) -> int:
        """Numbers in a series: the counts of the buckets and a sum, a count and a sum, or one value."""
        return {"histogram": len(self.bounds) + 2, "summary": 2}.get(self.kind, 1)

    @property
    def exemplars(self) -> int:
        """Exemplars of a series: one in each bucket."""
        return len(self.bounds) + 1 if self.kind == "histogram" else 0

    def key(self) -> list[Any]:
        """What its record says."""
        return ["family", self.name, self.kind, self.help, self.labels, self.merge, self.bounds]

    @classmethod
    def of_key(cls, key: list[Any]) -> "Family":
        """The family that a record tells of."""
        _, name, kind, text, labels, merge, bounds = key
        return cls(name, kind, text, tuple(labels), merge, tuple(bounds))


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One observation and the span that it was made in. Ids are lower-case hexadecimal, ``time`` is in Unix seconds."""

    value: float
    time: float
    trace_id: str
    span_id: str


def padded(size: int) -> int:
    """The next multiple of 8."""
    return (size + 7) & ~7


def record(key: list[Any], values: int = 0, exemplars: int = 0) -> tuple[bytes, int]:
    """A record whose values are zero, and where in it the values begin."""
    text = json.dumps(key, separators=(",", ":")).encode()
    start = _HEAD.size + padded(len(text))
    total = start + values * 8 + exemplars * EXEMPLAR_BYTES
    return (_HEAD.pack(total, len(text)) + text).ljust(total, b"\0"), start


def read_head(memory: memoryview, offset: int) -> tuple[int, list[Any], int]:
    """The length of the record at ``offset``, its key, and where its values begin."""
    total, length = _HEAD.unpack_from(memory, offset)
    start = offset + _HEAD.size
    key: list[Any] = json.loads(bytes(memory[start : start + length]))
    return total, key, start + padded(length)


def pack_exemplar(exemplar: Exemplar) -> bytes:
    """An exemplar and its checksum."""
    ids = bytes.fromhex(exemplar.trace_id), bytes.fromhex(exemplar.span_id)
    packed = _EXEMPLAR.pack(exemplar.value, exemplar.time, *ids)
    return packed + zlib.crc32(packed).to_bytes(8, "little")


def unpack_exemplar(packed: bytes) -> Exemplar | None:
    """The exemplar, or ``None`` where there is none or a writer is at work."""
    body = packed[: _EXEMPLAR.size]
    if packed == NO_EXEMPLAR or zlib.crc32(body).to_bytes(8, "little") != packed[_EXEMPLAR.size :]:
        return None
    value, time, trace, span = _EXEMPLAR.unpack(body)
    return Exemplar(value, time, trace.hex(), span.hex())
