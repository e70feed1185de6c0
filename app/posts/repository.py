"""Runs the statements of the posts feature."""

import html
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update

from app.access.principal import Permission, Principal
from app.kit.db.keyset import Position, Slice, cut, parameters
from app.kit.db.sessions import ReadSession, Row, WriteSession
from app.models import Post, User
from app.posts import statements
from app.posts.commands import KeysetPage, OffsetPage, PostFilter
from app.posts.views import Highlights, PostRef, PostStatus, PostView, SearchHit


class PostQueries:
    """Reads posts through the eyes of one caller; one statement each."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._reads = reads
        self._viewer, self._viewer_id = _viewer(principal)

    async def get(self, ref: PostRef) -> PostView | None:
        """The post, whoever may see it: the caller's rights are the policy's business."""
        read = statements.BY_ID if isinstance(ref, int) else statements.BY_UID
        row = await self._reads.by_key(read, ref)
        return None if row is None else PostView(*tuple(row))

    async def get_many(self, ids: Sequence[int]) -> list[PostView]:
        return [PostView(*row) for row in await self._reads.all(statements.BY_ID, keys=list(ids))]

    async def keyset_page(self, wanted: PostFilter, page: KeysetPage) -> Slice[PostView]:
        filters, values = self._parameters(wanted)
        read = statements.keyset_page(self._viewer, filters, page.sort, after=page.after is not None)
        rows = await self._reads.all(read, limit=page.limit + 1, **values, **parameters(page.after))
        posts = [PostView(*row) for row in rows]
        return cut(posts, page.limit, lambda post: (*(getattr(post, key.field.value) for key in page.sort), post.id))

    async def offset_page(self, wanted: PostFilter, page: OffsetPage) -> list[PostView]:
        filters, values = self._parameters(wanted)
        read = statements.offset_page(self._viewer, filters, page.sort)
        rows = await self._reads.all(read, limit=page.limit, offset=page.offset, **values)
        return [PostView(*row) for row in rows]

    async def count(self, wanted: PostFilter) -> int:
        filters, values = self._parameters(wanted)
        total: int = await self._reads.scalar(statements.count(self._viewer, filters), **values)
        return total

    async def has_author(self, user_id: int) -> bool:
        """Whether there is such a user."""
        return await self._reads.scalar(statements.AUTHOR_EXISTS, author_id=user_id) is not None

    async def search(self, query: str, after: Position | None, limit: int) -> Slice[SearchHit]:
        read = statements.search_page(self._viewer, after=after is not None)
        _, values = self._parameters(PostFilter(query=query))
        rows = await self._reads.all(read, limit=limit + 1, **values, **parameters(after))
        hits = [_hit(row) for row in rows]
        return cut(hits, limit, lambda hit: (hit.rank, hit.post.id))

    def _parameters(self, wanted: PostFilter) -> tuple[statements.Filters, dict[str, Any]]:
        values: dict[str, Any] = {}
        if wanted.status is not None:
            values["status"] = wanted.status.value
        if wanted.author is not None:
            values["author_id" if isinstance(wanted.author, int) else "author_uid"] = wanted.author
        if wanted.query is not None:
            values["query"] = wanted.query
        filters = set(values)
        if wanted.published is not None:
            filters.add("published" if wanted.published else "unpublished")
        if self._viewer == "author":
            values["viewer_id"] = self._viewer_id
        return frozenset(filters), values


class PostRepository:
    """Posts as one transaction sees and changes them."""

    def __init__(self, session: WriteSession, principal: Principal) -> None:
        self._session = session
        self._viewer, self._viewer_id = _viewer(principal)

    async def add(self, post: Post) -> None:
        self._session.add(post)
        await self._session.flush()

    async def save(self) -> None:
        await self._session.flush()

    async def delete(self, post: Post) -> None:
        await self._session.delete(post)
        await self._session.flush()

    async def locked(self, ref: PostRef) -> tuple[Post, UUID, str] | None:
        """The post with its author's uid and name; its row is locked until the transaction ends."""
        column = Post.id if isinstance(ref, int) else Post.uid
        row = (
            await self._session.execute(
                select(Post, User.uid, User.display_name)
                .join(User, User.id == Post.author_id)
                .where(column == ref)
                .with_for_update(of=Post)
                .execution_options(populate_existing=True)
            )
        ).first()
        return None if row is None else (row[0], row[1], row[2])

    async def author(self, user_id: int) -> tuple[UUID, str] | None:
        row = (await self._session.execute(select(User.uid, User.display_name).where(User.id == user_id))).first()
        return None if row is None else (row[0], row[1])

    async def count_view(self, ref: PostRef) -> PostView | None:
        """Count one view of a post that the caller may see; None when there is none.

        One statement, no lock held beyond it, and the revision stays: a view is no edit.
        """
        column = Post.id if isinstance(ref, int) else Post.uid
        statement = (
            update(Post)
            .where(column == ref, User.id == Post.author_id)
            .values(view_count=Post.view_count + 1)
            .returning(*statements.COLUMNS)
            .execution_options(synchronize_session=False)
        )
        if self._viewer != "admin":
            published = Post.status == PostStatus.PUBLISHED.value
            statement = statement.where(
                published if self._viewer == "anyone" else or_(published, Post.author_id == self._viewer_id)
            )
        row = (await self._session.execute(statement)).first()
        return None if row is None else PostView(*tuple(row))


def _viewer(principal: Principal) -> tuple[statements.Viewer, int | None]:
    if principal.may(Permission.POSTS_READ_ALL):
        return "admin", None
    return ("anyone", None) if principal.user_id is None else ("author", principal.user_id)


def _hit(row: Row) -> SearchHit:
    *fields, rank, title, content = row
    return SearchHit(PostView(*fields), rank, Highlights(_marked(title), _marked(content)))


def _marked(text: str) -> str:
    escaped = html.escape(text, quote=False)
    return escaped.replace(statements.START_MARK, "<mark>").replace(statements.STOP_MARK, "</mark>")
