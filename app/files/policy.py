"""Who may upload, read and delete files, the same for all versions."""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

from app.access.permissions import Permission
from app.access.principal import Principal, SignedIn
from app.files.errors import FileNotFound, NotTheOwner
from app.files.views import Visibility


class FilePermission(Permission):
    READ = "files:read"
    WRITE = "files:write"


PUBLIC_PERMISSIONS: Final = frozenset({FilePermission.READ})


class Shared(Protocol):
    """The fields that the policy reads; a view and an entity have them."""

    @property
    def owner_id(self) -> int: ...

    @property
    def visibility(self) -> str: ...


FileT = TypeVar("FileT", bound=Shared)
SharesFile = Callable[[Principal, FileT], Awaitable[bool]]
"""Whether an object that has the file is visible to the caller, such as a post."""


def ensure_may_upload(principal: Principal) -> SignedIn:
    """The caller. An upload shows the file, so the permission to read is needed, too."""
    principal.require(FilePermission.WRITE)
    principal.require(FilePermission.READ)
    return principal.signed_in()


def ensure_may_list(principal: Principal) -> SignedIn:
    """The caller, whose files these are. Raises ``Unauthenticated`` or ``InsufficientPermissions``."""
    principal.require(FilePermission.READ)
    return principal.signed_in()


def ensure_may_read(principal: Principal) -> None:
    """Raise ``InsufficientPermissions``; the caller may be anonymous."""
    principal.ensure(FilePermission.READ)


def ensure_may_delete(principal: Principal) -> SignedIn:
    """The caller. Raises ``Unauthenticated`` or ``InsufficientPermissions``."""
    principal.require(FilePermission.WRITE)
    return principal.signed_in()


def ensure_may_attach(principal: Principal) -> SignedIn:
    """The caller, whose files may be attached. Raises ``Unauthenticated`` or ``InsufficientPermissions``.

    An attached file is shared, so a key needs the scope with which it could read and publish the content itself.
    """
    principal.require(FilePermission.READ)
    return principal.signed_in()


def may_see(principal: Principal, file: Shared) -> bool:
    """The owner sees a file; so does every user, or everybody, if it is shared with them."""
    if principal.user_id is not None and (
        principal.user_id == file.owner_id or file.visibility == Visibility.SIGNED_IN
    ):
        return True
    return file.visibility == Visibility.PUBLIC


async def visible(principal: Principal, file: FileT | None, shared: SharesFile[FileT]) -> FileT:
    """The file. Raises ``FileNotFound`` for one that the caller may not see.

    Who sees an object that has the file sees the file. This is asked last, since it costs a statement.
    """
    if file is None or not (may_see(principal, file) or await shared(principal, file)):
        raise FileNotFound
    return file


async def own(principal: Principal, file: FileT | None, shared: SharesFile[FileT]) -> FileT:
    """The file, which the caller may delete. Raises ``FileNotFound``, ``NotTheOwner``."""
    found = await visible(principal, file, shared)
    if found.owner_id != principal.signed_in().user_id:
        raise NotTheOwner
    return found
