"""Who may do what with a post. Both versions ask here, and nowhere else."""

from typing import Protocol

from app.access.principal import Permission, Principal
from app.errors import Forbidden, NotFound
from app.posts.views import PostStatus


class PostNotFound(NotFound):
    """Also the answer for a post that the caller may not see."""

    code = "post_not_found"
    detail = "Post not found"


class NotTheAuthor(Forbidden):
    code = "not_the_author"
    detail = "Only the author may change this post."


class Owned(Protocol):
    """A post in whatever shape it was loaded."""

    @property
    def author_id(self) -> int: ...

    @property
    def status(self) -> str: ...


def may_see(principal: Principal, post: Owned) -> bool:
    """Published posts are everybody's; others their author's and admins'."""
    return (
        post.status == PostStatus.PUBLISHED
        or (principal.user_id is not None and principal.user_id == post.author_id)
        or principal.may(Permission.POSTS_READ_ALL)
    )


def ensure_visible(principal: Principal, post: Owned) -> None:
    """Raise ``PostNotFound`` for a post that is none of the caller's business."""
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
    if principal.signed_in().user_id != post.author_id and not principal.may(Permission.POSTS_MODERATE):
        raise NotTheAuthor
