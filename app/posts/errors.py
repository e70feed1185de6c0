"""Errors of the posts feature."""

from app.errors import Forbidden, NotFound
from app.posts.views import PostRef


class PostNotFound(NotFound):
    """The post does not exist, or the caller may not see it."""

    code = "post_not_found"
    detail = "Post not found"


class MissingPost(PostNotFound):
    """One of several requested posts; ``ref`` is the requested reference."""

    def __init__(self, ref: PostRef) -> None:
        super().__init__(f"Post {ref} not found")
        self.ref = ref


class NotTheAuthor(Forbidden):
    """``permission`` is the one with which the caller might do it, if there is one."""

    code = "not_the_author"
    detail = "Only the author may change this post."

    def __init__(self, permission: str | None = None) -> None:
        super().__init__(context={} if permission is None else {"scope": permission})
