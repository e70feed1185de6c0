"""Use cases that read posts."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.access.principal import Permission, Principal
from app.errors import InsufficientPermissions, NotFound
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession
from app.posts.commands import KeysetPage, OffsetPage, PostFilter
from app.posts.policy import PostNotFound, ensure_visible, may_see
from app.posts.repository import PostQueries
from app.posts.views import PostRef, PostView, SearchHit


@dataclass(frozen=True, slots=True)
class CountedPage:
    """A page, and how many posts there are on all pages."""

    items: list[PostView]
    total: int


class AuthorNotFound(NotFound):
    """Nobody whose posts could be listed."""

    code = "author_not_found"
    detail = "User not found"


class MissingPost(PostNotFound):
    """One post of several; ``ref`` is the one that was asked for."""

    def __init__(self, ref: PostRef) -> None:
        super().__init__(f"Post {ref} not found")
        self.ref = ref


class PostReader:
    """Reads posts on behalf of a caller. Raises ``InsufficientPermissions`` for a key without ``posts:read``."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        if not principal.may(Permission.POSTS_READ):
            raise InsufficientPermissions(Permission.POSTS_READ)
        self._reads = PostQueries(reads, principal)
        self._principal = principal

    async def get(self, ref: PostRef) -> PostView:
        """Raises ``PostNotFound``."""
        post = await self._reads.get(ref)
        if post is None:
            raise PostNotFound
        ensure_visible(self._principal, post)
        return post

    async def get_many(self, ids: Sequence[int]) -> list[PostView]:
        """The posts in the order asked for.

        Raises:
            ExceptionGroup: of one ``MissingPost`` for each post that is not there or not the caller's business.
        """
        found = {post.id: post for post in await self._reads.get_many(ids) if may_see(self._principal, post)}
        if missing := [MissingPost(ref) for ref in dict.fromkeys(ids) if ref not in found]:
            message = "Multiple validation errors"
            raise ExceptionGroup(message, missing)
        return [found[ref] for ref in ids]

    async def page(self, wanted: PostFilter, page: KeysetPage) -> Slice[PostView]:
        """A page that costs the same wherever it lies."""
        return await self._reads.keyset_page(wanted, page)

    async def counted_page(self, wanted: PostFilter, page: OffsetPage) -> CountedPage:
        """A page by its offset, with the total."""
        return CountedPage(await self.slice(wanted, page), await self._reads.count(wanted))

    async def slice(self, wanted: PostFilter, page: OffsetPage) -> list[PostView]:
        """A page by its offset."""
        return await self._reads.offset_page(wanted, page)

    async def by_author(self, author: int, page: OffsetPage) -> list[PostView]:
        """A page of one user's posts. Raises ``AuthorNotFound``."""
        found = await self.slice(PostFilter(author=author), page)
        # Whoever has a post is there: only an empty page is looked at twice.
        if not found and not await self._reads.has_author(author):
            raise AuthorNotFound
        return found

    async def search(self, query: str, after: Position | None, limit: int) -> Slice[SearchHit]:
        """Full-text search in web syntax (``"exact phrase" or -without``), best first."""
        return await self._reads.search(query, after, limit)
