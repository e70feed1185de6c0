"""Compiled reads of posts, cached for each combination of viewer, filters and sort order."""

from dataclasses import fields
from functools import lru_cache
from typing import Any, Final

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

from app.kit.db.keyset import Column, apply_keyset
from app.kit.db.statements import KeyedRead, Read
from app.models import Post, User
from app.models.post import RANKING_CONFIGURATION, SEARCH_CONFIGURATION
from app.posts.commands import Sort
from app.posts.policy import Viewer
from app.posts.views import PostStatus, PostView

Filters = frozenset[str]
"""The names of the filters in use; most are parameters of the statement too."""

START_MARK: Final = "\ue000"
STOP_MARK: Final = "\ue001"
"""Private-use characters mark matches, so that the text can be escaped before it becomes HTML."""

_OF_AUTHOR: Final = {"author_uid": User.uid.label("author_uid"), "author_name": User.display_name.label("author_name")}
COLUMNS: Final[tuple[Any, ...]] = tuple(
    _OF_AUTHOR[field.name] if field.name in _OF_AUTHOR else getattr(Post, field.name) for field in fields(PostView)
)
"""One column for each field of ``PostView``, under its name."""

RANKED: Final = 10_000
"""The number of posts that one search ranks."""


def _configuration(name: str) -> ColumnElement[Any]:
    return literal_column(f"'{name}'::regconfig")


def _query(configuration: str) -> ColumnElement[Any]:
    return func.websearch_to_tsquery(_configuration(configuration), bindparam("query", type_=String), type_=TSQUERY)


_QUERY: Final = _query(SEARCH_CONFIGURATION)
_PUBLISHED: Final[ColumnElement[str]] = literal_column(f"'{PostStatus.PUBLISHED.value}'")
_CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {
    "status": Post.status == bindparam("status", type_=String),
    "published": Post.status == _PUBLISHED,
    "unpublished": Post.status != _PUBLISHED,
    "author_id": Post.author_id == bindparam("author_id"),
    "author_uid": User.uid == bindparam("author_uid"),
    "query": Post.words.bool_op("@@")(_QUERY),
}

Selected = Select[*tuple[Any, ...]]


def _visible(statement: Selected, viewer: Viewer) -> Selected:
    if viewer == "admin":
        return statement
    # A literal instead of a parameter: the planner uses a partial index only if it can see the condition.
    published = Post.status == _PUBLISHED
    if viewer == "anyone":
        return statement.where(published)
    return statement.where(or_(published, Post.author_id == bindparam("viewer_id")))


def _selection(*columns: Any) -> Selected:
    return select(*columns).select_from(Post).join(User, User.id == Post.author_id)


BY_ID: Final = KeyedRead(_selection(*COLUMNS), Post.id)
BY_UID: Final = KeyedRead(_selection(*COLUMNS), Post.uid)


def sort_columns(sort: tuple[Sort, ...]) -> list[tuple[Column, bool]]:
    """The sort columns of a listing, then the id in the direction of the last one, which makes them unique."""
    keys: list[tuple[Column, bool]] = [(getattr(Post, key.field), key.descending) for key in sort]
    return [*keys, (Post.id, sort[-1].descending)]


def _page(
    viewer: Viewer, filters: Filters, keys: list[tuple[Column, bool]], *, after: bool = False, offset: bool = False
) -> Selected:
    """One page of a listing.

    Published and unpublished posts are selected separately, each in the order of its own index, and merged: with one
    ``OR`` condition PostgreSQL reads and sorts the whole table for a page.
    """
    limit, skipped = bindparam("limit", type_=BigInteger), bindparam("offset", type_=BigInteger)
    part_limit = limit + skipped if offset else limit
    listing = _selection(*COLUMNS).where(*_conditions(filters))
    published = Post.status == _PUBLISHED
    if viewer == "anyone":
        page = apply_keyset(listing.where(published), keys, after=after).limit(limit)
    else:
        unpublished = listing.where(Post.status != _PUBLISHED)
        if viewer == "author":
            unpublished = unpublished.where(Post.author_id == bindparam("viewer_id"))
        parts = [
            apply_keyset(part, keys, after=after).limit(part_limit) for part in (listing.where(published), unpublished)
        ]
        merged = union_all(*(part.subquery().select() for part in parts)).subquery()
        order: list[tuple[Column, bool]] = [(merged.c[column.key or ""], down) for column, down in keys]
        page = apply_keyset(select(merged), order, after=False).limit(limit)
    return page.offset(skipped) if offset else page


@lru_cache(maxsize=1024)
def keyset_page(viewer: Viewer, filters: Filters, sort: tuple[Sort, ...], *, after: bool) -> Read:
    """A page of a listing after a position."""
    return Read(_page(viewer, filters, sort_columns(sort), after=after))


@lru_cache(maxsize=1024)
def offset_page(viewer: Viewer, filters: Filters, sort: Sort) -> Read:
    """A page of a listing from an offset."""
    return Read(_page(viewer, filters, sort_columns((sort,)), offset=True))


@lru_cache(maxsize=256)
def count(viewer: Viewer, filters: Filters) -> Read:
    """The number of posts on all pages of a listing."""
    return Read(_filtered(_selection(func.count()), viewer, filters))


@lru_cache(maxsize=8)
def search_page(viewer: Viewer, *, after: bool) -> Read:
    """A page of search results, best first; headlines are computed for the rows of the page only.

    The newest ``RANKED`` matches are ranked. PostgreSQL finds them in the order of the ids and stops, or through the
    index of words if there are few, so that a common word costs the same in a table of any size.
    """
    rank: Label[float] = cast(func.ts_rank(Post.search, _query(RANKING_CONFIGURATION)), Double).label("rank")
    newest = _filtered(select(Post.id, rank), viewer, frozenset({"query"})).order_by(Post.id.desc()).limit(RANKED)
    matching = newest.subquery()
    by_rank: list[tuple[Column, bool]] = [(matching.c.rank, True), (matching.c.id, True)]
    best = apply_keyset(select(matching), by_rank, after=after).subquery()
    page = _selection(*COLUMNS, best.c.rank).join(best, best.c.id == Post.id).subquery()
    marks = f"StartSel={START_MARK}, StopSel={STOP_MARK}"
    configuration = _configuration(SEARCH_CONFIGURATION)
    title = func.ts_headline(configuration, page.c.title, _QUERY, f"{marks}, HighlightAll=true").label("title_marked")
    content = func.ts_headline(
        configuration, page.c.content, _QUERY, f"{marks}, MaxFragments=2, MaxWords=30, MinWords=10"
    ).label("content_marked")
    return Read(select(page, title, content).order_by(page.c.rank.desc(), page.c.id.desc()))


def _filtered(statement: Selected, viewer: Viewer, filters: Filters) -> Selected:
    return _visible(statement, viewer).where(*_conditions(filters))


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    return [_CONDITIONS[name] for name in sorted(filters)]
