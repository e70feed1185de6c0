"""Reads a store, of this or another process, while it is written."""

import mmap
import os
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from observability.metrics.multiprocess import layout
from observability.metrics.multiprocess.layout import EXEMPLAR_BYTES, HEADER_BYTES, MAGIC, USED_INDEX, Exemplar, Family

_ABSORBED: Final = "absorbed"


@dataclass(slots=True)
class Point:
    """The combined values of one series."""

    values: list[float]
    exemplars: dict[int, Exemplar] = field(default_factory=dict)


@dataclass(slots=True)
class Merged:
    """Families by name, and the points of each by label values."""

    families: dict[str, Family] = field(default_factory=dict)
    points: dict[str, dict[tuple[str, ...], Point]] = field(default_factory=dict)

    def add(self, family: Family, labels: tuple[str, ...], values: list[float], exemplars: dict[int, Exemplar]) -> None:
        """Add the series of one process."""
        self.families.setdefault(family.name, family)
        points = self.points.setdefault(family.name, {})
        known = points.get(labels)
        if known is None:
            points[labels] = Point(values, exemplars)
            return
        choose = {"max": max, "min": min}.get(family.merge)
        if choose is None:
            known.values = [a + b for a, b in zip(known.values, values, strict=True)]
        else:
            known.values = [choose(known.values[0], values[0])]
        for bucket, exemplar in exemplars.items():
            other = known.exemplars.get(bucket)
            if other is None or other.time < exemplar.time:
                known.exemplars[bucket] = exemplar


@dataclass(frozen=True, slots=True)
class _Series:
    family: Family
    labels: tuple[str, ...]
    index: int
    """The index of the first value, in words of 8 bytes."""


class Snapshot:
    """Reads one file. Its structure only grows, so each record is parsed once, and later reads touch values only."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._close = weakref.finalize(self, os.close, descriptor)
        self._size = -1
        """Bytes of the file when it was mapped; of no file before."""
        self._parsed = HEADER_BYTES
        self._families: list[Family] = []
        self._series: list[_Series] = []
        self.absorbed: set[str] = set()
        """The names of the files whose sum this file includes."""

    @classmethod
    def open(cls, path: Path) -> "Snapshot":
        """Open a file. Raises ``FileNotFoundError``, and ``ValueError`` for another kind of file."""
        snapshot = cls(os.open(path, os.O_RDWR | os.O_CLOEXEC))
        try:
            snapshot.refresh()
        except ValueError:
            snapshot.close()
            raise
        return snapshot

    @property
    def descriptor(self) -> int:
        """The open file, to check whether its writer holds the lock."""
        return self._descriptor

    def close(self) -> None:
        """Close the file. A snapshot that is not used any more closes it, too."""
        self._close()

    def refresh(self) -> None:
        """Read the records that were appended."""
        self._map()
        used = self._words[USED_INDEX]
        while self._parsed < used:
            total, key, start = layout.read_head(self._memory, self._parsed)
            if key[0] == "family":
                self._families.append(Family.from_key(key))
            elif key[0] == _ABSORBED:
                self.absorbed.update(key[1:])
            else:
                self._series.append(_Series(self._families[key[0]], tuple(key[1:]), start // 8))
            self._parsed += total

    def add_to(self, merged: Merged, *, gauges: bool) -> None:
        """Add every series to ``merged``; gauges only if requested."""
        doubles, memory = self._doubles, self._memory
        for series in self._series:
            family = series.family
            if family.kind == "gauge" and not gauges:
                continue
            end = series.index + family.values
            values = list(doubles[series.index : end])
            exemplars = _exemplars(bytes(memory[end * 8 : end * 8 + family.exemplars * EXEMPLAR_BYTES]))
            merged.add(family, series.labels, values, exemplars)

    def _map(self) -> None:
        size = os.fstat(self._descriptor).st_size
        if size == self._size:
            return
        if size < HEADER_BYTES:
            message = "the file is too short for a metrics file"
            raise ValueError(message)
        self._memory = memoryview(mmap.mmap(self._descriptor, size, access=mmap.ACCESS_READ))
        if bytes(self._memory[: len(MAGIC)]) != MAGIC:
            message = "the file is not a metrics file"
            raise ValueError(message)
        self._size = size
        self._doubles = self._memory.cast("d")
        self._words = self._memory.cast("q")


def absorbed_key(names: Iterable[str]) -> tuple[str, ...]:
    """Return the key of the record that lists the files whose sum this file includes."""
    return (_ABSORBED, *sorted(names))


def _exemplars(block: bytes) -> dict[int, Exemplar]:
    if not block.strip(b"\0"):
        return {}
    found = {}
    for bucket in range(len(block) // EXEMPLAR_BYTES):
        exemplar = layout.unpack_exemplar(block[bucket * EXEMPLAR_BYTES : (bucket + 1) * EXEMPLAR_BYTES])
        if exemplar is not None:
            found[bucket] = exemplar
    return found
