"""Chooses the files that are attached to a post."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.access.principal import Principal
from app.files.policy import ensure_may_attach
from app.files.repository import FileRepository
from app.files.views import FileView
from app.kit.db.sessions import WriteSession
from app.posts.errors import UnknownFile
from app.posts.views import Attachment

Files = Mapping[UUID, FileView]


async def lock_files(session: WriteSession, principal: Principal, uids: Sequence[UUID]) -> Files:
    """Those of these files that the caller may attach. Call it with a locked user, and before a post is locked.

    Raises ``InsufficientPermissions``.
    """
    if not uids:
        return {}
    return await FileRepository(session).lock_own(ensure_may_attach(principal).user_id, uids)


def chosen(wanted: Sequence[UUID], files: Files) -> Sequence[FileView]:
    """The wanted files, in their order. Raises ``UnknownFile``."""
    if unknown := [index for index, uid in enumerate(wanted) if uid not in files]:
        raise UnknownFile(unknown)
    return [files[uid] for uid in wanted]


def attachments_of(files: Sequence[FileView]) -> tuple[Attachment, ...]:
    """What a post shows of these files."""
    return tuple(Attachment(file.uid, file.name, file.content_type, file.size) for file in files)


def as_stored(files: Sequence[FileView | Attachment]) -> list[Any] | None:
    """The value of ``Post.attachments``."""
    return [[str(file.uid), file.name, file.content_type, file.size] for file in files] or None
