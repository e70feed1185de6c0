"""The file to which one process writes its metrics."""

import mmap
import os
import tempfile
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from observability.metrics.multiprocess import layout
from observability.metrics.multiprocess.layout import HEADER_BYTES, MAGIC, USED_INDEX, Exemplar, Family

_FIRST_BYTES: Final = 64 * 1024


class Store:
    """Memory that other processes may read while this one writes, and that survives if this one is killed.

    ``doubles`` and ``memory`` are two views of the same bytes. They are replaced when the file grows: read them for
    each write, and store only indices. The interpreter lock makes ``doubles[i] += x`` atomic.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)
        self._lock = threading.Lock()
        self._families: dict[str, int] = {}
        self._size = 0
        self._used = HEADER_BYTES
        self._grow(_FIRST_BYTES)
        self.memory[: len(MAGIC)] = MAGIC
        self._words[USED_INDEX] = self._used

    @classmethod
    def private(cls) -> Self:
        """Create a store that no other process can read."""
        if hasattr(os, "memfd_create"):
            # Works without a writable folder.
            return cls(os.memfd_create("metrics", os.MFD_CLOEXEC))
        descriptor, name = tempfile.mkstemp()
        os.unlink(name)  # noqa: PTH108 - the name is a str
        return cls(descriptor)

    @classmethod
    def at(cls, path: Path) -> Self:
        """Create a store in a new file. Raises ``FileExistsError``."""
        return cls(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))

    @property
    def descriptor(self) -> int:
        """The open file, which its owner locks for as long as the store is used."""
        return self._descriptor

    def series(self, family: Family, labels: tuple[str, ...]) -> int:
        """Add a series, and return the index of its first value in ``doubles``."""
        with self._lock:
            number = self._families.get(family.name)
            if number is None:
                self._append(family.key())
                number = self._families[family.name] = len(self._families)
            start = self._append([number, *labels], family.values, family.exemplars)
        return start // 8

    def put(
        self, family: Family, labels: tuple[str, ...], values: list[float], exemplars: Mapping[int, Exemplar]
    ) -> None:
        """Add a series with its values."""
        index = self.series(family, labels)
        end = index + family.values
        for offset, value in enumerate(values):
            self.doubles[index + offset] = value
        for bucket, exemplar in exemplars.items():
            start = end * 8 + bucket * layout.EXEMPLAR_BYTES
            self.memory[start : start + layout.EXEMPLAR_BYTES] = layout.pack_exemplar(exemplar)

    def append_record(self, *key: Any) -> None:
        """Append a record without values."""
        with self._lock:
            self._append(list(key))

    def _append(self, key: list[Any], values: int = 0, exemplars: int = 0) -> int:
        content, start = layout.record(key, values, exemplars)
        offset, end = self._used, self._used + len(content)
        if end > self._size:
            self._grow(max(end, 2 * self._size))
        self.memory[offset:end] = content
        # Readers stop at this offset, so they never see a partial record.
        self._words[USED_INDEX] = self._used = end
        return offset + start

    def _grow(self, size: int) -> None:
        self._size = (size + mmap.PAGESIZE - 1) // mmap.PAGESIZE * mmap.PAGESIZE
        os.ftruncate(self._descriptor, self._size)
        # The old mapping has the same pages, so a write by another thread is not lost.
        whole = memoryview(mmap.mmap(self._descriptor, self._size))
        self.memory = whole
        self.doubles = whole.cast("d")
        self._words = whole.cast("q")
