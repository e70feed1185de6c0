"""The use case that counts views."""

from app.access.principal import Principal
from app.kit.db.sessions import Writer
from app.kit.db.single_writes import SingleWrites
from app.posts.errors import PostNotFound
from app.posts.policy import PostPermission
from app.posts.repository import count_shared_view, count_view
from app.posts.views import PostRef, PostView


class PostViewCounter:
    """Counts views of posts by a principal. Raises ``InsufficientPermissions`` without ``posts:read``."""

    def __init__(self, writer: Writer, principal: Principal) -> None:
        principal.ensure(PostPermission.READ)
        self._writer = writer
        self._principal = principal

    async def count(self, ref: PostRef) -> PostView:
        """Count one view and return the post with the new count. Raises ``PostNotFound``."""
        post = await count_view(self._writer, self._principal, ref)
        if post is None:
            raise PostNotFound
        return post


class SharedPostViewCounter(PostViewCounter):
    """Counts views that are transactions of their own. Concurrent ones share a statement."""

    def __init__(self, writes: SingleWrites, principal: Principal) -> None:
        super().__init__(writes, principal)
        self._writes = writes

    async def count(self, ref: PostRef) -> PostView:
        """Count one view and return the post with the count after this view. Raises ``PostNotFound``."""
        view = await count_shared_view(self._writes, ref)
        # For a post that is not published, this asks the policy; if it is locked, it waits.
        return await super().count(ref) if view is None else view
