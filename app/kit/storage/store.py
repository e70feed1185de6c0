"""The object store.

An object is written once and never changes, so that a reader cannot see two contents under one key. Keys are ours: they
are neither names of files nor anything else that a client chose.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final, Literal, cast

import obstore
import structlog
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, S3Store

from app.errors import Unavailable
from app.kit.storage.errors import ObjectExists, ObjectNotFound
from app.kit.storage.metrics import StorageMetrics

if TYPE_CHECKING:
    from obstore import AsyncWritableFile

Store = LocalStore | S3Store
PART_BYTES: Final = 8 * 1024 * 1024
"""The size of the parts in which a large object is sent to the store; S3 demands at least 5 MiB."""
_PARTS_AT_ONCE: Final = 2
CHUNK_BYTES: Final = 1024 * 1024
_LEFTOVER: Final = re.compile(r"#\d+$")
"""The library writes an object to ``<name>#<number>``, which its lists do not contain, and renames it at the end."""
_LOG: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in a list."""

    key: str
    size: int
    modified_at: datetime


class ObjectWriter:
    """Writes one object. It exists once the block that opened it has ended without an error."""

    def __init__(self, file: "AsyncWritableFile", metrics: StorageMetrics) -> None:
        self._file = file
        self._metrics = metrics
        self.size = 0
        """Bytes written until now."""

    async def write(self, chunk: bytes) -> None:
        """Append ``chunk``. At most two parts are in memory."""
        await self._file.write(chunk)
        self.size += len(chunk)
        self._metrics.carried("in", len(chunk))


class ObjectStore:
    """Every method raises ``Unavailable`` if the store fails or does not reply in time."""

    def __init__(self, store: Store, metrics: StorageMetrics, folder: Path | None = None) -> None:
        """``folder`` is that of a local store."""
        self._store = store
        self._metrics = metrics
        self._folder = folder

    @asynccontextmanager
    async def writer(self, key: str) -> AsyncIterator[ObjectWriter]:
        """Open a new object for writing in constant memory; ``key`` must be new.

        If the block raises or is cancelled, the store keeps nothing of the object.
        """
        with self._operation("write", key):
            file = obstore.open_writer_async(self._store, key, buffer_size=PART_BYTES, max_concurrency=_PARTS_AT_ONCE)
            async with file:
                yield ObjectWriter(file, self._metrics)

    async def put(self, key: str, body: bytes) -> None:
        """Store a small object. Raises ``ObjectExists``."""
        with self._operation("put", key):
            # One request: a multipart upload that is cancelled would leave its parts in the bucket.
            await obstore.put_async(self._store, key, body, mode="create", use_multipart=False)
        self._metrics.carried("in", len(body))

    async def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from ``start`` until before ``end``, in chunks of about 1 MiB. Raises ``ObjectNotFound``.

        The range must lie within the object.
        """
        with self._operation("read", key):
            options = {} if end is None and start == 0 else {"range": (start, end) if end else {"offset": start}}
            found = await obstore.get_async(self._store, key, options=cast("obstore.GetOptions", options))
            async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
                self._metrics.carried("out", len(chunk))
                yield bytes(chunk)

    async def size(self, key: str) -> int:
        """The size of an object in bytes. Raises ``ObjectNotFound``."""
        with self._operation("size", key):
            return (await obstore.head_async(self._store, key))["size"]

    async def delete(self, key: str) -> None:
        """Delete an object, if it exists."""
        try:
            with self._operation("delete", key):
                await obstore.delete_async(self._store, key)
        except ObjectNotFound:
            return

    async def objects(self, prefix: str) -> AsyncIterator[StoredObject]:
        """Every object whose key begins with the path ``prefix``."""
        with self._operation("list", prefix):
            async for page in obstore.list(self._store, prefix, chunk_size=1000):
                for found in page:
                    yield StoredObject(found["path"], found["size"], found["last_modified"])

    def blocking_stream(self, key: str) -> Iterator[bytes]:
        """As ``stream`` of a whole object, for a thread. Raises ``ObjectNotFound``."""
        with self._operation("read", key):
            for chunk in obstore.get(self._store, key).stream(min_chunk_size=CHUNK_BYTES):
                self._metrics.carried("out", len(chunk))
                yield bytes(chunk)

    async def remove_unfinished(self, before: datetime) -> int:
        """Delete what killed processes have left since ``before``, and return the number of files.

        Only a local store needs it: a bucket has a lifecycle rule for incomplete uploads.
        """
        return 0 if self._folder is None else await asyncio.to_thread(_remove_leftovers, self._folder, before)

    def signed_url(self, method: Literal["GET", "PUT"], key: str, valid: timedelta) -> str | None:
        """A URL with which a client reaches the object without Strata; ``None`` for a local store, which has none."""
        return obstore.sign(self._store, method, key, valid) if isinstance(self._store, S3Store) else None

    @contextmanager
    def _operation(self, operation: str, key: str) -> Iterator[None]:
        started, outcome = perf_counter(), "failed"
        try:
            yield
            outcome = "ok"
        except FileNotFoundError:
            outcome = "not_found"
            raise ObjectNotFound(key) from None
        except AlreadyExistsError:
            outcome = "exists"
            raise ObjectExists(key) from None
        except BaseError as error:
            # The text of the error may contain a URL, so only its type is logged.
            _LOG.warning("storage_failed", operation=operation, error=type(error).__name__)
            raise Unavailable from error
        finally:
            self._metrics.observe(operation, outcome, perf_counter() - started)


def _remove_leftovers(folder: Path, before: datetime) -> int:
    removed = 0
    for path in folder.rglob("*"):
        if _LEFTOVER.search(path.name) and path.is_file() and path.stat().st_mtime < before.timestamp():
            path.unlink(missing_ok=True)
            removed += 1
    return removed
