"""Errors of the posts feature."""

from collections.abc import Iterable

from app.errors import FieldError, Forbidden, InvalidValue, NotFound
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


class UnknownFile(InvalidValue):
    """The caller has no ready file with this id, whether or not another user has."""

    code = "unknown_file"
    detail = "An attachment is a file of yours whose upload has finished."

    def __init__(self, indexes: Iterable[int]) -> None:
        super().__init__(fields=[FieldError(("attachments", index), self.code, self.detail) for index in indexes])


class NotTheAuthor(Forbidden):
    """``permission`` is the one with which the caller might do it, if there is one."""

    code = "not_the_author"
    detail = "Only the author may change this post."

    def __init__(self, permission: str | None = None) -> None:
        super().__init__(context={} if permission is None else {"scope": permission})
