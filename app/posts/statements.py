"""The reads of the posts feature: compiled once for each shape of a request, never per request."""

from functools import lru_cache
from typing import Any, Final, Literal

from sqlalchemy import (
    BigInteger,
    Double,
    Label,
    Select,
    String,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.sql.expression import ColumnElement

from app.kit.db.keyset import Column, ordered
from app.kit.db.statements import KeyedRead, Read
from app.models import Post, User
from app.models.post import SEARCH_CONFIGURATION
from app.posts.commands import Sort, SortField
from app.posts.views import PostStatus

Viewer = Literal["anyone", "author", "admin"]
"""Whose eyes: a stranger's, those of somebody who may have posts of their own, or all-seeing ones."""

Filters = frozenset[str]
"""The names of the filters in use; each is a parameter of the statement too."""

START_MARK: Final = "\ue000"
STOP_MARK: Final = "\ue001"
"""Private-use characters, so that the text between them can be escaped before it becomes HTML."""

COLUMNS: Final = (
    Post.id,
    Post.uid,
    Post.author_id,
    User.uid.label("author_uid"),
    User.display_name.label("author_name"),
    Post.title,
    Post.content,
    Post.status,
    Post.published_at,
    Post.view_count,
    Post.revision,
    Post.created_at,
    Post.updated_at,
)
"""In the order of ``PostView``'s fields."""

_SORT_COLUMNS: Final = {
    SortField.CREATED_AT: Post.created_at,
    SortField.UPDATED_AT: Post.updated_at,
    SortField.TITLE: Post.title,
    SortField.VIEW_COUNT: Post.view_count,
}
_QUERY: Final = func.websearch_to_tsquery(
    literal_column(f"'{SEARCH_CONFIGURATION}'::regconfig"), bindparam("query", type_=String), type_=TSQUERY
)
_PUBLISHED: Final[ColumnElement[str]] = literal_column(f"'{PostStatus.PUBLISHED.value}'")
_CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {
    "status": Post.status == bindparam("status", type_=String),
    "published": Post.status == _PUBLISHED,
    "unpublished": Post.status != _PUBLISHED,
    "author_id": Post.author_id == bindparam("author_id"),
    "author_uid": User.uid == bindparam("author_uid"),
    "query": Post.search.bool_op("@@")(_QUERY),
}

Selected = Select[*tuple[Any, ...]]


def _visible(statement: Selected, viewer: Viewer) -> Selected:
    if viewer == "admin":
        return statement
    # A literal, not a parameter: the partial indexes apply only to what the planner can see.
    published = Post.status == _PUBLISHED
    if viewer == "anyone":
        return statement.where(published)
    return statement.where(or_(published, Post.author_id == bindparam("viewer_id")))


def _selection(*columns: Any) -> Selected:
    return select(*columns).select_from(Post).join(User, User.id == Post.author_id)


BY_ID: Final = KeyedRead(_selection(*COLUMNS), Post.id)
BY_UID: Final = KeyedRead(_selection(*COLUMNS), Post.uid)

AUTHOR_EXISTS: Final = Read(select(User.id).where(User.id == bindparam("author_id")))


def sort_columns(sort: tuple[Sort, ...]) -> list[tuple[Column, bool]]:
    """The keys of a listing, with the id to make them unique, in the direction of the last one."""
    keys: list[tuple[Column, bool]] = [(_SORT_COLUMNS[key.field], key.descending) for key in sort]
    return [*keys, (Post.id, sort[-1].descending)]


def _page(
    viewer: Viewer, filters: Filters, keys: list[tuple[Column, bool]], *, after: bool = False, offset: bool = False
) -> Selected:
    """The rows between two points of a listing.

    What is published and what is not are read apart, each in the order of an index of its own, and merged: the ``OR``
    of the two reads and sorts the whole table for one page.
    """
    limit, skipped = bindparam("limit", type_=BigInteger), bindparam("offset", type_=BigInteger)
    part_limit = limit + skipped if offset else limit
    listing = _selection(*COLUMNS).where(*_conditions(filters))
    published = Post.status == _PUBLISHED
    if viewer == "anyone":
        page = ordered(listing.where(published), keys, after=after).limit(limit)
    else:
        unpublished = listing.where(Post.status != _PUBLISHED)
        if viewer == "author":
            unpublished = unpublished.where(Post.author_id == bindparam("viewer_id"))
        parts = [ordered(part, keys, after=after).limit(part_limit) for part in (listing.where(published), unpublished)]
        merged = union_all(*(part.subquery().select() for part in parts)).subquery()
        order: list[tuple[Column, bool]] = [(merged.c[column.key or ""], down) for column, down in keys]
        page = ordered(select(merged), order, after=False).limit(limit)
    return page.offset(skipped) if offset else page


@lru_cache(maxsize=1024)
def keyset_page(viewer: Viewer, filters: Filters, sort: tuple[Sort, ...], *, after: bool) -> Read:
    """A page of a listing."""
    return Read(_page(viewer, filters, sort_columns(sort), after=after))


@lru_cache(maxsize=1024)
def offset_page(viewer: Viewer, filters: Filters, sort: Sort) -> Read:
    """A page of a listing, from an offset."""
    return Read(_page(viewer, filters, sort_columns((sort,)), offset=True))


@lru_cache(maxsize=256)
def count(viewer: Viewer, filters: Filters) -> Read:
    """How many posts a listing has in all."""
    return Read(_filtered(_selection(func.count()), viewer, filters))


@lru_cache(maxsize=8)
def search_page(viewer: Viewer, *, after: bool) -> Read:
    """A page of search results, best first; headlines are made for the rows of the page only."""
    rank: Label[float] = cast(func.ts_rank(Post.search, _QUERY), Double).label("rank")
    matching = _filtered(_selection(*COLUMNS, rank), viewer, frozenset({"query"})).subquery()
    by_rank: list[tuple[Column, bool]] = [(matching.c.rank, True), (matching.c.id, True)]
    page = ordered(select(matching), by_rank, after=after).subquery()
    marks = f"StartSel={START_MARK}, StopSel={STOP_MARK}"
    configuration: ColumnElement[Any] = literal_column(f"'{SEARCH_CONFIGURATION}'::regconfig")
    title = func.ts_headline(configuration, page.c.title, _QUERY, f"{marks}, HighlightAll=true")
    content = func.ts_headline(
        configuration, page.c.content, _QUERY, f"{marks}, MaxFragments=2, MaxWords=30, MinWords=10"
    )
    return Read(select(page, title, content).order_by(page.c.rank.desc(), page.c.id.desc()))


def _filtered(statement: Selected, viewer: Viewer, filters: Filters) -> Selected:
    return _visible(statement, viewer).where(*_conditions(filters))


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    return [_CONDITIONS[name] for name in sorted(filters)]
