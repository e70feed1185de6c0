"""An object as a file that can be searched, for libraries that read a part of it in a thread."""

import io
import os
from typing import Final

from app.kit.storage.store import ObjectStore

_BUFFER_BYTES: Final = 64 * 1024


class _RangedFile(io.RawIOBase):
    """Each read is a request to the store."""

    def __init__(self, store: ObjectStore, key: str, size: int) -> None:
        self._store = store
        self._key = key
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if origin + offset < 0:
            message = "the position must not be negative"
            raise ValueError(message)
        self._position = origin + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # io declares a type without a public name
        end = min(self._size, self._position + len(buffer))
        if end <= self._position:
            return 0
        found = self._store.blocking_range(self._key, self._position, end)
        buffer[: len(found)] = found
        self._position += len(found)
        return len(found)


def open_ranged(store: ObjectStore, key: str, size: int) -> io.BufferedReader:
    """Open an object of ``size`` bytes. Its methods raise what ``ObjectStore.blocking_range`` raises."""
    return io.BufferedReader(_RangedFile(store, key, size), _BUFFER_BYTES)
