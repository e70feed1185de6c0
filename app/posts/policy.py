"""Who may see, edit and delete a post, the same for all versions."""

from typing import Final, Literal, Protocol

from app.access.permissions import Permission
from app.access.principal import Principal
from app.posts.errors import NotTheAuthor, PostNotFound
from app.posts.views import PostStatus


class PostPermission(Permission):
    READ = "posts:read"
    WRITE = "posts:write"
    MODERATE = "posts:moderate"
    READ_ALL = "posts:read_all"


PUBLIC_PERMISSIONS: Final = frozenset({PostPermission.READ})


Viewer = Literal["anyone", "author", "admin"]
"""Which posts a listing includes: published ones, the caller's own as well, or all."""


class Owned(Protocol):
    """The fields that the policy reads; a view and an entity have them."""

    @property
    def author_id(self) -> int: ...

    @property
    def status(self) -> str: ...


def may_see(principal: Principal, post: Owned) -> bool:
    """Published posts are visible to every caller, other posts to their author and with ``posts:read_all``."""
    return (
        post.status == PostStatus.PUBLISHED
        or (principal.user_id is not None and principal.user_id == post.author_id)
        or principal.may(PostPermission.READ_ALL)
    )


def may_read(principal: Principal, post: Owned) -> bool:
    """Whether a request of the caller for the post would succeed."""
    return principal.may(PostPermission.READ) and may_see(principal, post)


def viewer_of(principal: Principal) -> tuple[Viewer, int | None]:
    """``may_see`` for listings: the viewer and, for an author, the id of the user."""
    if principal.may(PostPermission.READ_ALL):
        return "admin", None
    return ("anyone", None) if principal.user_id is None else ("author", principal.user_id)


def ensure_visible(principal: Principal, post: Owned) -> None:
    """Raise ``PostNotFound`` for a post that the caller may not see."""
    if not may_see(principal, post):
        raise PostNotFound


def ensure_may_edit(principal: Principal, post: Owned) -> None:
    """Only the author edits. Raises ``PostNotFound``, ``NotTheAuthor``."""
    ensure_visible(principal, post)
    if principal.signed_in().user_id != post.author_id:
        raise NotTheAuthor


def ensure_may_delete(principal: Principal, post: Owned) -> None:
    """The author deletes, or a moderator. Raises ``PostNotFound``, ``NotTheAuthor``."""
    ensure_visible(principal, post)
    if principal.signed_in().user_id != post.author_id and not principal.may(PostPermission.MODERATE):
        raise NotTheAuthor(PostPermission.MODERATE)
