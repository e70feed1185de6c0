"""The file that one process counts into."""

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
    """Memory that other processes may read while this one writes, and that stays when this one is killed.

    ``doubles`` and ``memory`` are two views of the same bytes. They are replaced when the file grows: take them anew
    for each write, and keep nothing but indices. With the interpreter's lock, ``doubles[i] += x`` is not interrupted.
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
        """A store that nobody else sees."""
        if hasattr(os, "memfd_create"):
            # Needs no folder that may be written.
            return cls(os.memfd_create("metrics", os.MFD_CLOEXEC))
        descriptor, name = tempfile.mkstemp()
        os.unlink(name)  # noqa: PTH108 - of a name that never was a Path
        return cls(descriptor)

    @classmethod
    def at(cls, path: Path) -> Self:
        """A new file. Raises ``FileExistsError``."""
        return cls(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))

    @property
    def descriptor(self) -> int:
        """The open file, to be locked by whoever lives as long as the store."""
        return self._descriptor

    def series(self, family: Family, labels: tuple[str, ...]) -> int:
        """Make a series, and return the index of its first value in ``doubles``."""
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
        """Make a series that is known already."""
        index = self.series(family, labels)
        end = index + family.values
        for offset, value in enumerate(values):
            self.doubles[index + offset] = value
        for bucket, exemplar in exemplars.items():
            start = end * 8 + bucket * layout.EXEMPLAR_BYTES
            self.memory[start : start + layout.EXEMPLAR_BYTES] = layout.pack_exemplar(exemplar)

    def note(self, *key: Any) -> None:
        """Append a record without values."""
        with self._lock:
            self._append(list(key))

    def _append(self, key: list[Any], values: int = 0, exemplars: int = 0) -> int:
        content, start = layout.record(key, values, exemplars)
        offset, end = self._used, self._used + len(content)
        if end > self._size:
            self._grow(max(end, 2 * self._size))
        self.memory[offset:end] = content
        # Readers look no further than this, so they never see a record that is not whole.
        self._words[USED_INDEX] = self._used = end
        return offset + start

    def _grow(self, size: int) -> None:
        self._size = (size + mmap.PAGESIZE - 1) // mmap.PAGESIZE * mmap.PAGESIZE
        os.ftruncate(self._descriptor, self._size)
        # The old mapping shows the same pages, so a thread that still writes into it loses nothing.
        whole = memoryview(mmap.mmap(self._descriptor, self._size))
        self.memory = whole
        self.doubles = whole.cast("d")
        self._words = whole.cast("q")
