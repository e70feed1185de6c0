"""Compiled reads of posts, cached for each combination of viewer, filters and sort order."""

from collections.abc import Sequence
from dataclasses import fields
from functools import lru_cache, reduce
from operator import add
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Double,
    Label,
    Select,
    String,
    Subquery,
    Text,
    any_,
    bindparam,
    cast,
    delete,
    false,
    func,
    literal_column,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import TSQUERY, insert
from sqlalchemy.sql.expression import ColumnElement

from app.kit.db.keyset import Column, apply_keyset
from app.kit.db.statements import KeyedRead, Read, Write
from app.models import Post, PostAttachment, User
from app.models.post import RANKING_CONFIGURATION, SEARCH_CONFIGURATION
from app.posts.commands import Sort
from app.posts.policy import Viewer
from app.posts.views import PostStatus, PostView

Filters = frozenset[str]
"""The names of the filters in use: statuses, and filters whose values are parameters of the statement."""

START_MARK: Final = "\ue000"
STOP_MARK: Final = "\ue001"
"""Private-use characters mark matches, so that the text can be escaped before it becomes HTML."""

_OTHERS: Final[dict[str, Any]] = {
    "author_uid": User.uid.label("author_uid"),
    "author_name": User.display_name.label("author_name"),
    "attachments": cast(Post.attachments, Text).label("attachments"),
}
COLUMNS: Final[tuple[Any, ...]] = tuple(
    _OTHERS[field.name] if field.name in _OTHERS else getattr(Post, field.name) for field in fields(PostView)
)
"""One column for each field of ``PostView``, under its name."""

RANKED: Final = 10_000
"""The number of posts that one search ranks."""
FEW: Final = 1_000
"""Up to this number of matches, a listing reads them all and sorts them."""


def _configuration(name: str) -> ColumnElement[Any]:
    return literal_column(f"'{name}'::regconfig")


def _query(configuration: str) -> ColumnElement[Any]:
    return func.websearch_to_tsquery(_configuration(configuration), bindparam("query", type_=String), type_=TSQUERY)


_QUERY: Final = _query(SEARCH_CONFIGURATION)
_PUBLISHED: Final[ColumnElement[str]] = literal_column(f"'{PostStatus.PUBLISHED.value}'")


def _has(status: PostStatus) -> ColumnElement[bool]:
    # A literal instead of a parameter: the planner uses a partial index only if it can see the condition.
    return Post.status == literal_column(f"'{status.value}'")


_AUTHOR: Final = select(User.id).where(User.uid == bindparam("author_uid", type_=User.uid.type)).scalar_subquery()
_CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {
    **{status: _has(status) for status in PostStatus},
    "unpublished": Post.status != _PUBLISHED,
    "author_id": Post.author_id == bindparam("author_id"),
    # Resolved first: as a join, PostgreSQL reads the whole listing to find that a user has no posts.
    "author_uid": Post.author_id == _AUTHOR,
    "query": Post.words.bool_op("@@")(_QUERY),
}
_STATUS_FILTERS: Final = frozenset({*PostStatus, "unpublished"})
_UNPUBLISHED: Final = tuple(status for status in PostStatus if status is not PostStatus.PUBLISHED)

_IS_REVISION: Final = (
    Post.id == bindparam("post_id", type_=Post.id.type),
    Post.revision == bindparam("known", type_=Post.revision.type),
)

Selected = Select[*tuple[Any, ...]]


def _visibility(viewer: Viewer) -> Sequence[ColumnElement[bool]]:
    if viewer == "admin":
        return ()
    published = Post.status == _PUBLISHED
    return (published if viewer == "anyone" else or_(published, Post.author_id == bindparam("viewer_id")),)


def _selection(*columns: Any) -> Selected:
    return select(*columns).select_from(Post).join(User, User.id == Post.author_id)


BY_ID: Final = KeyedRead(_selection(*COLUMNS), Post.id)
BY_UID: Final = KeyedRead(_selection(*COLUMNS), Post.uid)


def _one(*, by_id: bool) -> Selected:
    column: Column = Post.id if by_id else Post.uid
    return _selection(*COLUMNS).where(column == bindparam("ref", type_=column.type))


GET: Final = {by_id: Read(_one(by_id=by_id)) for by_id in (False, True)}
"""A post by the kind of its reference."""
LOCK: Final = {by_id: Read(_one(by_id=by_id).with_for_update(of=Post)) for by_id in (False, True)}
"""The same, whose row is locked until the transaction ends."""


_HAVING: Final = (
    select(Post.author_id, Post.status)
    .join(PostAttachment, PostAttachment.post_id == Post.id)
    .where(PostAttachment.file_id == bindparam("file_id"))
    .limit(1)
)
WITH_FILE: Final = Read(select(union_all(_HAVING.where(Post.status == _PUBLISHED), _HAVING).subquery()))
"""A published post with a file and any post with it, as far as there are such."""


@lru_cache(maxsize=64)
def insert_post(names: frozenset[str]) -> Write:
    """Inserts a post with values of these columns, if its author exists, who is not deleted meanwhile."""
    columns = sorted(names)
    values = [bindparam(name, type_=Post.__table__.c[name].type) for name in columns]
    author = select(*values, User.id).where(User.id == bindparam("author_id", type_=User.id.type))
    locked = author.with_for_update(read=True, key_share=True)
    of_author = [
        select(column).where(User.id == literal_column("posts.author_id")).scalar_subquery().label(label)
        for column, label in ((User.uid, "author_uid"), (User.display_name, "author_name"))
    ]
    labels = {"author_uid", "author_name"}
    returned = [*(column for column in COLUMNS if column.key not in labels), *of_author]
    return Write(insert(Post).from_select([*columns, "author_id"], locked, include_defaults=False).returning(*returned))


@lru_cache(maxsize=64)
def update_post(names: frozenset[str]) -> Write:
    """Sets these columns of a post that has a revision, and increments it."""
    values = {name: bindparam(f"new_{name}", type_=Post.__table__.c[name].type) for name in sorted(names)}
    return Write(update(Post).where(*_IS_REVISION).values(revision=Post.revision + 1, **values).returning(Post.id))


DELETE: Final = Write(delete(Post).where(*_IS_REVISION).returning(Post.id))


@lru_cache(maxsize=6)
def count_view(viewer: Viewer, *, by_id: bool) -> Write:
    """Counts a view. The revision stays as it is, since a view does not edit the post."""
    column: Column = Post.id if by_id else Post.uid
    counted = update(Post).where(column == bindparam("ref", type_=column.type), User.id == Post.author_id)
    visible = counted.where(*_visibility(viewer))
    return Write(visible.values(view_count=Post.view_count + 1).returning(*COLUMNS))


def sort_columns(sort: tuple[Sort, ...]) -> list[tuple[Column, bool]]:
    """The sort columns of a listing, then the id in the direction of the last one, which makes them unique."""
    keys: list[tuple[Column, bool]] = [(getattr(Post, key.field), key.descending) for key in sort]
    return [*keys, (Post.id, sort[-1].descending)]


def _statuses(viewer: Viewer, filters: Filters) -> list[PostStatus]:
    """The statuses of the posts that a listing can contain."""
    visible = (PostStatus.PUBLISHED,) if viewer == "anyone" else tuple(PostStatus)
    wanted = filters.intersection(PostStatus)
    if "unpublished" in filters:
        visible = tuple(status for status in visible if status in _UNPUBLISHED)
    return [status for status in visible if not wanted or status in wanted]


def _parts(viewer: Viewer, filters: Filters, selected: Selected) -> list[Selected]:
    """The posts of each status, which an index has in each order: for all authors and for each author.

    With one condition for all of them, PostgreSQL would read and sort the whole table for a page.
    """
    others = [_CONDITIONS[name] for name in sorted(filters - _STATUS_FILTERS)]
    parts = []
    for status in _statuses(viewer, filters):
        part = selected.where(_has(status), *others)
        if viewer == "author" and status in _UNPUBLISHED:
            part = part.where(Post.author_id == bindparam("viewer_id"))
        parts.append(part)
    return parts or [selected.where(false())]


def _matching(
    viewer: Viewer, filters: Filters, selected: Selected, keys: list[tuple[Column, bool]], *, after: bool, limit: Any
) -> list[Selected]:
    """The first ``limit`` posts of each part of a listing that is filtered by words.

    PostgreSQL guesses how many posts match. If it guesses too many, it walks through an index of the sort order to the
    end of the table. So up to ``FEW`` matches are counted first: those are read and sorted, or else found on the way.
    """
    found = select(Post.id).where(_CONDITIONS["query"]).limit(FEW + 1).cte("found")
    number = select(func.count()).select_from(found).scalar_subquery()
    rest = [_CONDITIONS[name] for name in sorted(filters - _STATUS_FILTERS - {"query"})]
    statuses = [_has(status) for status in _statuses(viewer, filters)]
    # An array, which PostgreSQL looks up by id, where a join could read an index of another condition to its end.
    few = select(*dict.fromkeys(column for column, _ in keys)).where(
        number <= FEW, Post.id == any_(func.array(select(found.c.id).scalar_subquery())), or_(false(), *statuses)
    )
    few = few.where(*_visibility(viewer), *rest)
    rows = apply_keyset(few, keys, after=after).limit(limit).subquery()
    parts = [apply_keyset(part.where(number > FEW), keys, after=after) for part in _parts(viewer, filters, selected)]
    return [selected.join(rows, rows.c.id == Post.id), *(part.limit(limit) for part in parts)]


def _merged(
    viewer: Viewer, filters: Filters, selected: Selected, keys: list[tuple[Column, bool]], *, after: bool, limit: Any
) -> Selected:
    """The first ``limit`` posts of a listing in their order: those of its parts, which PostgreSQL merges."""
    if "query" in filters:
        parts = _matching(viewer, filters, selected, keys, after=after, limit=limit)
    else:
        parts = [apply_keyset(part, keys, after=after).limit(limit) for part in _parts(viewer, filters, selected)]
    if len(parts) == 1:
        return parts[0]
    merged = union_all(*(part.subquery().select() for part in parts)).subquery()
    return apply_keyset(select(merged), _keys_of(merged, keys), after=False).limit(limit)


def _offset_page(viewer: Viewer, filters: Filters, keys: list[tuple[Column, bool]]) -> Selected:
    """One page of a listing from an offset: the posts before it are read from an index only."""
    limit, skipped = bindparam("limit", type_=BigInteger), bindparam("offset", type_=BigInteger)
    columns = select(*dict.fromkeys(column for column, _ in keys))
    rows = _merged(viewer, filters, columns, keys, after=False, limit=limit + skipped).subquery()
    ids = apply_keyset(select(rows), _keys_of(rows, keys), after=False).limit(limit).offset(skipped).subquery()
    order = [column.desc() if descending else column.asc() for column, descending in keys]
    return _selection(*COLUMNS).join(ids, ids.c.id == Post.id).order_by(*order)


def _keys_of(rows: Subquery, keys: list[tuple[Column, bool]]) -> list[tuple[Column, bool]]:
    return [(rows.c[column.key or ""], descending) for column, descending in keys]


@lru_cache(maxsize=1024)
def keyset_page(viewer: Viewer, filters: Filters, sort: tuple[Sort, ...], *, after: bool) -> Read:
    """A page of a listing after a position."""
    limit = bindparam("limit", type_=BigInteger)
    return Read(_merged(viewer, filters, _selection(*COLUMNS), sort_columns(sort), after=after, limit=limit))


@lru_cache(maxsize=1024)
def offset_page(viewer: Viewer, filters: Filters, sort: Sort) -> Read:
    """A page of a listing from an offset."""
    return Read(_offset_page(viewer, filters, sort_columns((sort,))))


@lru_cache(maxsize=256)
def count(viewer: Viewer, filters: Filters) -> Read:
    """The number of posts on all pages of a listing: those of each status, from an index only."""
    counts = (part.scalar_subquery() for part in _parts(viewer, filters, select(func.count()).select_from(Post)))
    return Read(select(reduce(add, counts)))


@lru_cache(maxsize=8)
def search_page(viewer: Viewer, *, after: bool) -> Read:
    """A page of search results, best first; headlines are computed for the rows of the page only.

    The newest ``RANKED`` matches are ranked. PostgreSQL finds them in the order of the ids and stops, or through the
    index of words if there are few, so that a common word costs the same in a table of any size.
    """
    rank: Label[float] = cast(func.ts_rank(Post.search, _query(RANKING_CONFIGURATION)), Double).label("rank")
    found = select(Post.id, rank).where(*_visibility(viewer), _CONDITIONS["query"])
    newest = found.order_by(Post.id.desc()).limit(RANKED)
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
