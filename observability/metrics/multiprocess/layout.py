"""The layout of a metrics file.

A header, followed by records that are only appended and never move. A record is a JSON key and, for a series, its
8-byte values, which are aligned, so that a reader in another process never sees a partial value. Each bucket of a
histogram has room for one exemplar, with a checksum that reveals a partial write.
"""

import json
import struct
import zlib
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["counter", "gauge", "histogram", "summary"]
Merge = Literal["sum", "max", "min"]
"""How the values of several processes for one series of a gauge are combined; all other metrics are summed."""

MAGIC: Final = b"STRATAM1"
HEADER_BYTES: Final = 64
USED_INDEX: Final = 1
"""The index of the 8-byte word in the header that contains the number of used bytes."""
EXEMPLAR_BYTES: Final = 48
NO_EXEMPLAR: Final = bytes(EXEMPLAR_BYTES)

_ENCODE: Final = json.JSONEncoder(separators=(",", ":")).encode
_HEAD: Final = struct.Struct("=II")
_EXEMPLAR: Final = struct.Struct("=dd16s8s")


@dataclass(frozen=True, slots=True)
class Family:
    """The common part of all series of one metric. ``name`` is without ``_total``, as in OpenMetrics."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    merge: Merge = "sum"
    bounds: tuple[float, ...] = ()

    @property
    def values(self) -> int:
        """The number of values in a series: bucket counts and a sum, a count and a sum, or one value."""
        return {"histogram": len(self.bounds) + 2, "summary": 2}.get(self.kind, 1)

    @property
    def exemplars(self) -> int:
        """The number of exemplars in a series: one per bucket."""
        return len(self.bounds) + 1 if self.kind == "histogram" else 0

    def key(self) -> list[Any]:
        """Return the key of its record."""
        return ["family", self.name, self.kind, self.help, self.labels, self.merge, self.bounds]

    @classmethod
    def from_key(cls, key: list[Any]) -> "Family":
        """Build the family from the key of its record."""
        _, name, kind, text, labels, merge, bounds = key
        return cls(name, kind, text, tuple(labels), merge, tuple(bounds))


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One observation and its span. Ids are lower-case hexadecimal, ``time`` is in Unix seconds."""

    value: float
    time: float
    trace_id: str
    span_id: str


def align(size: int) -> int:
    """Return the next multiple of 8."""
    return (size + 7) & ~7


def record(key: list[Any], values: int = 0, exemplars: int = 0) -> tuple[bytes, int]:
    """Return a record with zero values, and the offset of its values."""
    text = _ENCODE(key).encode()
    start = _HEAD.size + align(len(text))
    total = start + values * 8 + exemplars * EXEMPLAR_BYTES
    return (_HEAD.pack(total, len(text)) + text).ljust(total, b"\0"), start


def read_head(memory: memoryview, offset: int) -> tuple[int, list[Any], int]:
    """Return the length of the record at ``offset``, its key, and the offset of its values."""
    total, length = _HEAD.unpack_from(memory, offset)
    start = offset + _HEAD.size
    key: list[Any] = json.loads(bytes(memory[start : start + length]))
    return total, key, start + align(length)


def pack_exemplar(exemplar: Exemplar) -> bytes:
    """Encode an exemplar and its checksum."""
    ids = bytes.fromhex(exemplar.trace_id), bytes.fromhex(exemplar.span_id)
    packed = _EXEMPLAR.pack(exemplar.value, exemplar.time, *ids)
    return packed + zlib.crc32(packed).to_bytes(8, "little")


def unpack_exemplar(packed: bytes) -> Exemplar | None:
    """Decode an exemplar; ``None`` if there is none or if it is being written."""
    body = packed[: _EXEMPLAR.size]
    if packed == NO_EXEMPLAR or zlib.crc32(body).to_bytes(8, "little") != packed[_EXEMPLAR.size :]:
        return None
    value, time, trace, span = _EXEMPLAR.unpack(body)
    return Exemplar(value, time, trace.hex(), span.hex())
