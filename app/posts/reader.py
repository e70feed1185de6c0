"""Use cases that read posts."""

from collections.abc import Sequence

from app.access.principal import Principal
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession
from app.posts.commands import KeysetPage, OffsetPage, PostFilter
from app.posts.errors import MissingPost, PostNotFound
from app.posts.policy import PostPermission, ensure_visible, may_see
from app.posts.queries import PostQueries
from app.posts.views import CountedPage, PostRef, PostRow, PostView, SearchHit


class PostReader:
    """Reads posts on behalf of a principal. Raises ``InsufficientPermissions`` without ``posts:read``."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        principal.ensure(PostPermission.READ)
        self._queries = PostQueries(reads, principal)
        self._principal = principal

    async def get(self, ref: PostRef) -> PostView:
        """One post. Raises ``PostNotFound``."""
        post = await self._queries.get(ref)
        if post is None:
            raise PostNotFound
        ensure_visible(self._principal, post)
        return post

    async def get_many(self, ids: Sequence[int]) -> list[PostView]:
        """The posts in the order of ``ids``.

        Raises:
            ExceptionGroup: of one ``MissingPost`` for each post that does not exist or that the caller may not see.
        """
        found = {post.id: post for post in await self._queries.get_many(ids) if may_see(self._principal, post)}
        if missing := [MissingPost(ref) for ref in dict.fromkeys(ids) if ref not in found]:
            message = "Multiple validation errors"
            raise ExceptionGroup(message, missing)
        return [found[ref] for ref in ids]

    async def page(self, wanted: PostFilter, page: KeysetPage) -> Slice[PostRow]:
        """A page after a position."""
        return await self._queries.keyset_page(wanted, page)

    async def counted_page(self, wanted: PostFilter, page: OffsetPage) -> CountedPage:
        """A page from an offset, with the total."""
        return CountedPage(await self.offset_page(wanted, page), await self._queries.count(wanted))

    async def offset_page(self, wanted: PostFilter, page: OffsetPage) -> list[PostRow]:
        """A page from an offset."""
        return await self._queries.offset_page(wanted, page)

    async def search(self, query: str, after: Position | None, limit: int) -> Slice[SearchHit]:
        """Full-text search in web syntax (``"exact phrase" or -without``), best first."""
        return await self._queries.search(query, after, limit)
