"""The object store.

An object is written once and never changes, so that a reader cannot see two contents under one key. Keys are ours: they
are neither names of files nor anything else that a client chose.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
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
from app.kit.storage.errors import ObjectExists, ObjectNotFound, StorageNotConfigured
from app.kit.storage.metrics import StorageMetrics

if TYPE_CHECKING:
    from obstore import AsyncWritableFile

Store = LocalStore | S3Store
StorageType = Literal["local", "s3"]
Method = Literal["GET", "HEAD", "PUT"]
Attributes = Mapping[str, str]
"""Header fields with which a bucket sends an object; a local store has none."""
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

    def __init__(
        self, store: Store, metrics: StorageMetrics, folder: Path | None = None, public: S3Store | None = None
    ) -> None:
        """``folder`` is that of a local store, ``public`` a bucket as clients reach it."""
        self._store = store
        self._public = public
        self._metrics = metrics
        self._folder = folder

    @property
    def type(self) -> StorageType:
        """Where the objects are."""
        return "s3" if isinstance(self._store, S3Store) else "local"

    @property
    def signs_urls(self) -> bool:
        """Whether clients can reach objects without Strata."""
        return self._public is not None

    def ensure_type(self, wanted: StorageType | None) -> None:
        """Raise ``StorageNotConfigured`` for the other type."""
        if wanted is not None and wanted != self.type:
            raise StorageNotConfigured(self.type)

    @asynccontextmanager
    async def writer(self, key: str, attributes: Attributes | None = None) -> AsyncIterator[ObjectWriter]:
        """Open a new object for writing in constant memory; ``key`` must be new.

        If the block raises or is cancelled, the store keeps nothing of the object.
        """
        with self._operation("write", key):
            file = obstore.open_writer_async(
                self._store,
                key,
                attributes=self._kept(attributes),
                buffer_size=PART_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
            )
            async with file:
                yield ObjectWriter(file, self._metrics)

    async def put(self, key: str, body: bytes, attributes: Attributes | None = None) -> None:
        """Store a small object. Raises ``ObjectExists``."""
        with self._operation("put", key):
            # One request: a multipart upload that is cancelled would leave its parts in the bucket.
            await obstore.put_async(
                self._store, key, body, attributes=self._kept(attributes), mode="create", use_multipart=False
            )
        self._metrics.carried("in", len(body))

    async def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
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

    async def attributes(self, key: str) -> Attributes:
        """The header fields with which a bucket sends the object. Raises ``ObjectNotFound``."""
        with self._operation("size", key):
            found = await obstore.get_async(self._store, key, options={"head": True})
            return cast("Attributes", found.attributes)

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

    def blocking_range(self, key: str, start: int, end: int) -> bytes:
        """The bytes from ``start`` until before ``end``, for a thread. Raises ``ObjectNotFound``."""
        with self._operation("read", key):
            found = bytes(obstore.get_range(self._store, key, start=start, end=end))
        self._metrics.carried("out", len(found))
        return found

    async def remove_unfinished(self, before: datetime) -> int:
        """Delete what killed processes have left since ``before``, and return the number of files.

        Only a local store needs it: a bucket has a lifecycle rule for incomplete uploads.
        """
        return 0 if self._folder is None else await asyncio.to_thread(_remove_leftovers, self._folder, before)

    async def signed_url(self, method: Method, key: str, valid: timedelta) -> str | None:
        """A URL with which a client reaches the object without Strata; ``None`` for a local store, which has none.

        It is a secret: whoever has it can use it until it expires.
        """
        if self._public is None:
            return None
        with self._operation("sign", key):
            return await obstore.sign_async(self._public, method, key, valid)

    def _kept(self, attributes: Attributes | None) -> dict[str, str] | None:
        return dict(attributes) if attributes and isinstance(self._store, S3Store) else None

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
