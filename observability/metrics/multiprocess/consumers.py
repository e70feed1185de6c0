"""Counts requests and their seconds by consumer in a bounded number of series: the top K by space-saving, and the rest.

Space-saving (Metwally, Agrawal, El Abbadi 2005): in a full table, a new consumer replaces the one with the lowest rank
and inherits its rank as the bound of its error. There are two additions. In a full table a new consumer counts as
``other`` for its first ``PROBATION`` requests, so that a flood of keys that are used once creates no series. The counts
of a replaced consumer are added to ``other``: its series disappear, and the sum over all never decreases.

All processes of a server share one table in one file, behind one lock; otherwise N workers would have N times K series.
``count`` never waits for the lock: if it is taken, the count is buffered and added with the next one.
"""

import mmap
import os
import threading
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from observability.metrics.multiprocess import locks
from observability.metrics.multiprocess.layout import Family
from observability.metrics.multiprocess.snapshot import Merged

OTHER: Final = "other"
ANONYMOUS: Final = "anonymous"
PROBATION: Final = 10
ID_BYTES: Final = 64
_RESERVED: Final = (OTHER, ANONYMOUS)
_LOCK_TIMEOUT: Final = 2.0
_PAUSE: Final = 0.005
_HEAD_WORDS: Final = 2
"""The generation, which changes when a process changes the table, and one unused word."""
_RANK, _PROVEN, _CELLS = 0, 1, 2


class ConsumerTable:
    """Counts by consumer and cell. ``cells`` are the values of the other labels, always in the same order.

    The seconds of the requests have one sum per consumer and first value of a cell: the version.

    Raises ``ValueError`` for a budget without room for one consumer beside ``other`` and ``anonymous``.
    """

    def __init__(self, cells: Sequence[tuple[str, ...]], budget: int, path: Path | None = None) -> None:
        sums = list(dict.fromkeys(cell[0] for cell in cells))
        self._sums: dict[tuple[str, ...], int] = {(name,): len(cells) + number for number, name in enumerate(sums)}
        self._cells = {cell: (number, self._sums[cell[:1]]) for number, cell in enumerate(cells)}
        series = len(cells) + len(sums)
        self._slots = budget // series
        if self._slots <= len(_RESERVED):
            message = f"a budget of {budget} series is too small for one consumer with {series} series"
            raise ValueError(message)
        self._width = _CELLS + series
        words = _HEAD_WORDS + self._slots * self._width
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        if path is None:
            memory = memoryview(mmap.mmap(-1, words * 8 + self._slots * ID_BYTES))
        else:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            weakref.finalize(self, os.close, self._descriptor)
            # A new file contains zeros, which is an empty table.
            os.ftruncate(self._descriptor, words * 8 + self._slots * ID_BYTES)
            memory = memoryview(mmap.mmap(self._descriptor, words * 8 + self._slots * ID_BYTES))
        self._doubles = memory[: words * 8].cast("d")
        self._ids = memory[words * 8 :]
        self._generation = -1.0
        self._index: dict[bytes, int] = {}
        self._pending: dict[tuple[str, int, int], tuple[float, float]] = {}

    def count(self, consumer: str | None, *cell: str, seconds: float = 0.0) -> None:
        """Count one request and its duration. ``None`` stands for an anonymous client.

        Raises ``KeyError`` for an undeclared cell.
        """
        key = ANONYMOUS if consumer is None else consumer, *self._cells[cell]
        with self._lock:
            if self._descriptor is None:
                self._add(*key, 1.0, seconds)
            elif locks.try_lock(self._descriptor):
                try:
                    self._add(*key, 1.0, seconds)
                    self._add_pending()
                finally:
                    locks.unlock(self._descriptor)
            else:
                if key not in self._pending and len(self._pending) >= self._slots:
                    key = OTHER, *key[1:]
                requests, sum_of_seconds = self._pending.get(key, (0.0, 0.0))
                self._pending[key] = requests + 1.0, sum_of_seconds + seconds

    def flush(self) -> None:
        """Add the buffered counts if the lock is free."""
        with self._lock:
            if self._pending and self._descriptor is not None and locks.try_lock(self._descriptor):
                try:
                    self._add_pending()
                finally:
                    locks.unlock(self._descriptor)

    def add_to(self, merged: Merged, requests: Family, seconds: Family) -> None:
        """Add every counted series. The consumer is the first label. Raises ``Busy``."""
        cells = [*((requests, cell) for cell in self._cells), *((seconds, name) for name in self._sums)]
        words, ids = self._consistent_copy()
        doubles = memoryview(words).cast("d")
        for slot in range(self._slots):
            name = self._name(slot, ids)
            start = _HEAD_WORDS + slot * self._width + _CELLS
            for (family, cell), value in zip(cells, doubles[start : start + len(cells)].tolist(), strict=True):
                if name and value:
                    merged.add(family, (name, *cell), [value], {})

    def _consistent_copy(self) -> tuple[bytes, bytes]:
        """Return a consistent copy of numbers and names; without the lock, one consumer might replace another in
        between.

        The lock is attempted in short intervals, so that ``count`` in this process does not have to wait.
        """
        deadline = time.monotonic() + _LOCK_TIMEOUT
        while True:
            with self._lock:
                if self._descriptor is None:
                    return bytes(self._doubles.cast("B")), bytes(self._ids)
                if locks.try_lock(self._descriptor):
                    try:
                        self._add_pending()
                        return bytes(self._doubles.cast("B")), bytes(self._ids)
                    finally:
                        locks.unlock(self._descriptor)
            if time.monotonic() > deadline:
                raise locks.Busy
            time.sleep(_PAUSE)

    def _add_pending(self) -> None:
        pending, self._pending = self._pending, {}
        for key, amounts in pending.items():
            self._add(*key, *amounts)

    def _add(self, consumer: str, cell: int, sum_cell: int, amount: float, seconds: float) -> None:
        doubles = self._doubles
        if doubles[0] != self._generation:
            self._read_index()
        slot = self._slot(consumer)
        start = _HEAD_WORDS + slot * self._width
        if slot >= len(_RESERVED):
            doubles[start + _RANK] += amount
            if doubles[start + _PROVEN] < PROBATION:
                doubles[start + _PROVEN] += amount
                start = _HEAD_WORDS
        doubles[start + _CELLS + cell] += amount
        doubles[start + _CELLS + sum_cell] += seconds

    def _slot(self, consumer: str) -> int:
        if consumer in _RESERVED:
            return _RESERVED.index(consumer)
        name = consumer.encode()[:ID_BYTES]
        slot = self._index.get(name)
        return self._admit(name) if slot is None else slot

    def _admit(self, name: bytes) -> int:
        if len(self._index) < self._slots - len(_RESERVED):
            slot = len(_RESERVED) + len(self._index)
            self._doubles[_HEAD_WORDS + slot * self._width + _PROVEN] = PROBATION
        else:
            slot = min(self._index.values(), key=self._rank)
            self._replace(slot)
        self._ids[slot * ID_BYTES : (slot + 1) * ID_BYTES] = name.ljust(ID_BYTES, b"\0")
        self._index[name] = slot
        self._generation = self._doubles[0] = self._doubles[0] + 1
        return slot

    def _rank(self, slot: int) -> float:
        return self._doubles[_HEAD_WORDS + slot * self._width + _RANK]

    def _replace(self, slot: int) -> None:
        doubles = self._doubles
        start, other = _HEAD_WORDS + slot * self._width, _HEAD_WORDS
        for cell in range(_CELLS, self._width):
            # In this order: a process that is killed in between leaves a sum that is too high, never one that
            # decreased.
            doubles[other + cell] += doubles[start + cell]
            doubles[start + cell] = 0.0
        doubles[start + _PROVEN] = 0.0
        del self._index[bytes(self._ids[slot * ID_BYTES : (slot + 1) * ID_BYTES]).rstrip(b"\0")]

    def _read_index(self) -> None:
        if not self._ids[0]:
            for slot, name in enumerate(_RESERVED):
                self._ids[slot * ID_BYTES : (slot + 1) * ID_BYTES] = name.encode().ljust(ID_BYTES, b"\0")
        ids = bytes(self._ids)
        names = ((self._raw(slot, ids), slot) for slot in range(len(_RESERVED), self._slots))
        self._index = {name: slot for name, slot in names if name}
        self._generation = self._doubles[0]

    @staticmethod
    def _raw(slot: int, ids: bytes) -> bytes:
        return ids[slot * ID_BYTES : (slot + 1) * ID_BYTES].rstrip(b"\0")

    def _name(self, slot: int, ids: bytes) -> str:
        return self._raw(slot, ids).decode(errors="replace")
