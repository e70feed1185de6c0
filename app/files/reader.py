"""Use cases that read files."""

from app.access.principal import Principal
from app.files.policy import ensure_may_list, ensure_may_read, visible
from app.files.queries import FileQueries
from app.files.sharing import shared_by_features
from app.files.views import FileRef, FileView
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession


class FileReader:
    """Reads files on behalf of a principal. Raises ``InsufficientPermissions``."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._queries = FileQueries(reads)
        self._shared = shared_by_features(reads)
        self._principal = principal

    async def get(self, ref: FileRef) -> FileView:
        """A file that the caller may see. Raises ``FileNotFound``."""
        ensure_may_read(self._principal)
        return await visible(self._principal, await self._queries.file(ref), self._shared)

    async def page(self, after: Position | None, limit: int) -> Slice[FileView]:
        """The caller's own files, newest first. Raises ``Unauthenticated``."""
        owner = ensure_may_list(self._principal)
        return await self._queries.page(owner.user_id, after, limit)
