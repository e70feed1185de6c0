"""Use cases that export rows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from app.access.principal import Principal
from app.exports import statements
from app.exports.bodies import ExportBody, options
from app.exports.commands import Columns, ExportedResource, ExportForm, ExportRequest
from app.exports.metrics import ABANDONED, COMPLETE, CUT, REJECTED, ExportMetrics
from app.kit.db.copies import Chunks, Copies, CopiesBusy
from app.kit.db.statements import Read
from app.posts.policy import PostPermission, viewer_of
from app.users.policy import UserPermission


@dataclass(frozen=True, slots=True)
class Export:
    """Rows that a caller may read, not read yet."""

    caller: Principal
    name: str
    form: ExportForm
    read: Read
    values: dict[str, Any] = field(default_factory=dict)

    @asynccontextmanager
    async def opened(self, copies: Copies, metrics: ExportMetrics) -> AsyncIterator[AsyncIterator[bytes]]:
        """The document, chunk by chunk, of one snapshot in constant memory. The end of the block ends the query.

        Raises ``CopiesBusy``, and errors of the database, also from the iteration.
        """
        outcome = ABANDONED
        try:
            async with copies.copy(self.read, self.values, options(self.form.format)) as chunks, self._open(metrics):
                yield self._document(chunks, metrics)
                if chunks.complete:
                    outcome = COMPLETE
                    metrics.rows.labels(self.name).inc(chunks.rows)
        except CopiesBusy:
            outcome = REJECTED
            raise
        except Exception:
            outcome = CUT
            raise
        finally:
            metrics.exports.labels(self.name, outcome).inc()

    @asynccontextmanager
    async def _open(self, metrics: ExportMetrics) -> AsyncIterator[None]:
        metrics.open.labels().inc()
        try:
            yield
        finally:
            metrics.open.labels().dec()

    async def _document(self, chunks: Chunks, metrics: ExportMetrics) -> AsyncIterator[bytes]:
        body, counted = ExportBody(self.form), metrics.bytes.labels(self.name)
        # The head waits for the first rows: an error before them is a response of its own.
        first = await anext(chunks, None)
        if first is None:
            yield body.first(b"") + body.tail(0)
            return
        part = body.first(first)
        counted.inc(len(part))
        yield part
        async for chunk in chunks:
            counted.inc(len(chunk))
            yield chunk
        yield body.tail(chunks.rows)


class ExportReader:
    """Exports on behalf of a principal. Raises ``Unauthenticated`` and ``InsufficientPermissions``."""

    def __init__(self, principal: Principal) -> None:
        self._principal = principal

    def requested(self, request: ExportRequest) -> Export:
        """The export of a request."""
        export = self.posts if request.resource is ExportedResource.POSTS else self.users
        return export(request.columns, request.form)

    def posts(self, columns: Columns, form: ExportForm) -> Export:
        """The posts that the caller may see, oldest first."""
        self._principal.require(PostPermission.READ)
        viewer, viewer_id = viewer_of(self._principal)
        values = {"viewer_id": viewer_id} if viewer == "author" else {}
        return Export(self._principal, "posts", form, statements.posts(columns, form.format, viewer), values)

    def users(self, columns: Columns, form: ExportForm) -> Export:
        """All users, oldest first."""
        self._principal.require(UserPermission.READ)
        return Export(self._principal, "users", form, statements.users(columns, form.format))
