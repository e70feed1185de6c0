"""Reads of posts."""

import html
from collections.abc import Sequence
from typing import Any

from app.access.principal import Principal
from app.kit.db.keyset import Position, Slice, bind_params, page_from_rows
from app.kit.db.sessions import ReadSession, Row
from app.posts import statements
from app.posts.commands import KeysetPage, OffsetPage, PostFilter
from app.posts.policy import viewer_of
from app.posts.views import Highlights, OwnedPost, PostRef, PostRow, PostView, SearchHit


class PostQueries:
    """Reads the posts that a caller may see, with one statement each."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._reads = reads
        self._viewer, self._viewer_id = viewer_of(principal)

    async def get(self, ref: PostRef) -> PostView | None:
        """The post, even if the caller may not see it; the reader applies the policy."""
        read = statements.BY_ID if isinstance(ref, int) else statements.BY_UID
        row = await self._reads.by_key(read, ref)
        return None if row is None else PostView.from_row(row)

    async def get_many(self, ids: Sequence[int]) -> list[PostView]:
        return [PostView.from_row(row) for row in await self._reads.all(statements.BY_ID, keys=list(ids))]

    async def keyset_page(self, wanted: PostFilter, page: KeysetPage) -> Slice[PostRow]:
        filters, values = self._bind(wanted)
        read = statements.keyset_page(self._viewer, filters, page.sort, after=page.after is not None)
        rows = await self._reads.all(read, limit=page.limit + 1, **values, **bind_params(page.after))
        return page_from_rows(rows, page.limit, lambda row: (*(row[key.field.value] for key in page.sort), row["id"]))

    async def offset_page(self, wanted: PostFilter, page: OffsetPage) -> list[PostRow]:
        filters, values = self._bind(wanted)
        read = statements.offset_page(self._viewer, filters, page.sort)
        return await self._reads.all(read, limit=page.limit, offset=page.offset, **values)

    async def count(self, wanted: PostFilter) -> int:
        filters, values = self._bind(wanted)
        total: int = await self._reads.scalar(statements.count(self._viewer, filters), **values)
        return total

    async def search(self, query: str, after: Position | None, limit: int) -> Slice[SearchHit]:
        read = statements.search_page(self._viewer, after=after is not None)
        _, values = self._bind(PostFilter(query=query))
        rows = await self._reads.all(read, limit=limit + 1, **values, **bind_params(after))
        hits = [_hit(row) for row in rows]
        return page_from_rows(hits, limit, lambda hit: (hit.rank, hit.post.id))

    def _bind(self, wanted: PostFilter) -> tuple[statements.Filters, dict[str, Any]]:
        values: dict[str, Any] = {}
        if wanted.author is not None:
            values["author_id" if isinstance(wanted.author, int) else "author_uid"] = wanted.author
        if wanted.query is not None:
            values["query"] = wanted.query
        filters = set(values)
        if wanted.status is not None:
            filters.add(wanted.status)
        if wanted.published is not None:
            filters.add("published" if wanted.published else "unpublished")
        if self._viewer == "author":
            values["viewer_id"] = self._viewer_id
        return frozenset(filters), values


async def posts_with_file(reads: ReadSession, file_id: int) -> Sequence[OwnedPost]:
    """The most visible post that has a file, among at most two; all have the same author, whose file it is."""
    return [OwnedPost(**row) for row in await reads.all(statements.WITH_FILE, file_id=file_id)]


def _hit(row: Row) -> SearchHit:
    highlights = Highlights(_to_html(row["title_marked"]), _to_html(row["content_marked"]))
    return SearchHit(PostView.from_row(row), row["rank"], highlights)


def _to_html(text: str) -> str:
    escaped = html.escape(text, quote=False)
    return escaped.replace(statements.START_MARK, "<mark>").replace(statements.STOP_MARK, "</mark>")
