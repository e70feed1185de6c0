"""Lists: the pages of v1 and those of v2 contain the same items in the same order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from operator import itemgetter
from typing import Any, Final

from hypothesis import strategies as st

from app.access.principal import Role
from tests.laws.v1_v2.agreement import ok
from tests.laws.v1_v2.harness import Caller, VersionsHarness
from tests.laws.v1_v2.law import law
from tests.laws.v1_v2.tables.fields import POST, USER
from tests.support.pages import MOST_PAGES

_START: Final = datetime(2026, 11, 1, tzinfo=UTC)
_INSERT: Final = """
    INSERT INTO posts (uid, author_id, title, content, status, published_at, view_count, created_at, updated_at)
    SELECT gen_random_uuid(), author, title, content, status, created, views, created, updated
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::timestamptz[])
        AS given (author, title, content, status, views, created, updated)
"""


@dataclass(frozen=True)
class Row:
    """A post whose values come from small sets, so that many are equal."""

    author: int
    title: str
    content: str
    status: str
    views: int
    created: int
    updated: int


ROWS: Final = st.lists(
    st.builds(
        Row,
        st.sampled_from([0, 0, 1]),
        st.sampled_from(["alpha", "Alpha", "beta stone", "zeta"]),
        st.sampled_from(["stone", "layers of stone", "sand", ""]),
        st.sampled_from(["published", "published", "draft", "archived"]),
        st.integers(0, 2),
        st.integers(0, 2),
        st.integers(3, 5),
    ),
    max_size=14,
)
VIEWERS: Final = st.sampled_from(["stranger", "ada", "bob", "reader", "moderator", "admin"])
_WORDS: Final = st.sampled_from(
    ["stone", "alpha", '"layers of stone"', "stone -layers", "alpha or sand", "of", "nothing"]
)


def fill(harness: VersionsHarness, rows: Sequence[Row]) -> None:
    """Insert posts with times and counts that no client can set."""
    authors = [harness.ada.number, harness.bob.number]
    columns = [
        [authors[row.author] for row in rows],
        [row.title for row in rows],
        [row.content for row in rows],
        [row.status for row in rows],
        [row.views for row in rows],
        [_START + timedelta(hours=row.created) for row in rows],
        [_START + timedelta(hours=row.updated) for row in rows],
    ]
    harness.fetch(_INSERT, *columns)


def v2_items(viewer: Caller, path: str, size: int, **params: Any) -> Iterator[dict[str, Any]]:
    """Every item of a v2 list, page by page; ``next_cursor`` and the ``Link`` header must agree."""
    params["limit"] = size
    for _ in range(MOST_PAGES):
        response = ok(viewer.v2.get(path, **params))
        page = response.json()
        assert len(page["data"]) <= size
        assert page["has_more"] == (page["next_cursor"] is not None) == ("next" in response.links)
        yield from page["data"]
        if not page["has_more"]:
            return
        assert len(page["data"]) == size, "only the last page is short"
        followed = ok(viewer.v2.call("GET", response.links["next"]["url"].removeprefix("/api/v2")))
        params["cursor"] = page["next_cursor"]
        assert followed.json()["data"] == ok(viewer.v2.get(path, **params)).json()["data"]
    raise AssertionError(f"{path} has more than {MOST_PAGES} pages of {size}")


def v1_items(viewer: Caller, size: int, **params: Any) -> Iterator[dict[str, Any]]:
    """Every item of a v1 list, page by page, with the totals of each page."""
    seen = 0
    for number in range(1, MOST_PAGES + 1):
        page = ok(viewer.v1.get("/posts", page=number, page_size=size, **params)).json()
        seen += len(page["items"])
        assert (page["page"], page["page_size"]) == (number, size)
        assert page["total_pages"] == -(-page["total"] // size)
        yield from page["items"]
        if number >= page["total_pages"]:
            assert seen == page["total"]
            beyond = ok(viewer.v1.get("/posts", page=number + 1, page_size=size, **params)).json()
            assert (beyond["items"], beyond["total"]) == ([], page["total"])
            return
    raise AssertionError(f"/posts has more than {MOST_PAGES} pages of {size}")


@law(
    2,
    rows=ROWS,
    viewer=VIEWERS,
    sizes=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    published=st.sampled_from([None, None, True, False]),
    author=st.sampled_from([None, None, "ada", "bob"]),
    words=st.one_of(st.none(), _WORDS),
    field=st.sampled_from(["created_at", "updated_at", "title", "view_count"]),
    descending=st.booleans(),
)
def lists_of_posts_agree(
    harness: VersionsHarness,
    rows: Sequence[Row],
    viewer: str,
    sizes: tuple[int, int],
    published: bool | None,  # noqa: FBT001 - the value of a parameter
    author: str | None,
    words: str | None,
    field: str,
    descending: bool,  # noqa: FBT001 - the value of a parameter
) -> None:
    """Filtered, searched, sorted, with pages of any size."""
    fill(harness, rows)
    caller: Caller = getattr(harness, viewer)
    old: dict[str, Any] = {"sort_by": field, "sort_order": "desc" if descending else "asc"}
    new: dict[str, Any] = {"sort": f"-{field}" if descending else field}
    if words is not None:
        old["search"] = new["q"] = words
    if author is not None:
        old["author_id"], new["author_id"] = getattr(harness, author).number, getattr(harness, author).name
    if published is not None:
        old["published"] = published
    by_v1 = [POST.from_v1(harness, item) for item in v1_items(caller, sizes[0], **old)]
    statuses: list[dict[str, str]] = {
        None: [{}],
        True: [{"status": "published"}],
        False: [{"status": "draft"}, {"status": "archived"}],
    }[published]
    parts = [
        [POST.from_v2(harness, item) for item in v2_items(caller, "/posts", sizes[1], **new, **s)] for s in statuses
    ]
    if len(parts) == 1:
        assert by_v1 == parts[0]
        return
    ids = [[post["id"] for post in part] for part in parts]
    assert [[post["id"] for post in by_v1 if post["id"] in part] for part in ids] == ids
    assert sorted(post["id"] for post in by_v1) == sorted(chain.from_iterable(ids))
    whole = {post["id"]: post for part in parts for post in part}
    assert [whole[post["id"]] for post in by_v1] == by_v1


_KEYS: Final = st.lists(
    st.tuples(st.sampled_from(["created_at", "updated_at", "view_count"]), st.booleans()), min_size=1, max_size=3
)


@law(0.6, rows=ROWS, keys=_KEYS, size=st.integers(1, 6))
def several_sort_keys_refine_one(
    harness: VersionsHarness, rows: Sequence[Row], keys: Sequence[tuple[str, bool]], size: int
) -> None:
    """v1 sorts by one key; v2's further keys order equal items. A repeated key has no effect."""
    fill(harness, rows)
    ordered = [POST.from_v1(harness, item) for item in v1_items(harness.admin, 20)]
    directions = dict(reversed(keys))
    names = list(dict.fromkeys(name for name, _ in keys))
    for name in ["id", *reversed(names)]:
        ordered.sort(key=itemgetter(name), reverse=directions[names[-1] if name == "id" else name])
    sort = ",".join(f"-{name}" if descending else name for name, descending in keys)
    assert [POST.from_v2(harness, item) for item in v2_items(harness.admin, "/posts", size, sort=sort)] == ordered


@law(0.3, rows=ROWS, viewer=VIEWERS)
def defaults_are_the_same(harness: VersionsHarness, rows: Sequence[Row], viewer: str) -> None:
    """Without parameters both return the newest twenty posts."""
    fill(harness, [*rows, *rows])
    caller: Caller = getattr(harness, viewer)
    old, new = ok(caller.v1.get("/posts")).json(), ok(caller.v2.get("/posts")).json()
    assert [POST.from_v1(harness, item) for item in old["items"]] == [
        POST.from_v2(harness, item) for item in new["data"]
    ]
    assert (old["page"], old["page_size"]) == (1, 20)
    assert old["total_pages"] == (2 if new["has_more"] else int(old["total"] > 0))


@law(0.6, rows=ROWS, viewer=VIEWERS, author=st.sampled_from(["ada", "bob", "reader"]), size=st.integers(1, 6))
def lists_of_an_author_agree(
    harness: VersionsHarness, rows: Sequence[Row], viewer: str, author: str, size: int
) -> None:
    """By offset, by page number and by cursor."""
    fill(harness, rows)
    caller: Caller = getattr(harness, viewer)
    of: Caller = getattr(harness, author)
    expected = [POST.from_v2(harness, item) for item in v2_items(caller, "/posts", size, author_id=of.name)]
    assert [POST.from_v1(harness, item) for item in ok(caller.v1.get(f"/users/{of.number}/posts")).json()] == expected
    skipped = []
    for skip in range(0, len(expected) + 1, size):
        skipped += ok(caller.v1.get(f"/users/{of.number}/posts", skip=skip, limit=size)).json()
    assert [POST.from_v1(harness, item) for item in skipped] == expected


@law(0.6, rows=ROWS, viewer=VIEWERS, words=_WORDS, size=st.integers(1, 6), limit=st.integers(1, 20))
def searches_agree(
    harness: VersionsHarness, rows: Sequence[Row], viewer: str, words: str, size: int, limit: int
) -> None:
    """Best match first; v1 returns the beginning of v2's results."""
    fill(harness, rows)
    caller: Caller = getattr(harness, viewer)
    hits = list(v2_items(caller, "/search/posts", size, q=words))
    expected = [POST.from_v2(harness, hit["post"]) for hit in hits]
    assert [
        POST.from_v1(harness, item) for item in ok(caller.v1.get("/search", query=words, limit=100)).json()
    ] == expected
    few = ok(caller.v1.get("/search", query=words, limit=limit)).json()
    assert [POST.from_v1(harness, item) for item in few] == expected[:limit]
    assert [hit["rank"] for hit in hits] == sorted((hit["rank"] for hit in hits), reverse=True)
    for hit in hits:
        for name in ("title", "content"):
            plain = hit["highlights"][name].replace("<mark>", "").replace("</mark>", "")
            assert plain in hit["post"][name]
        assert "<mark>" in hit["highlights"]["title"] + hit["highlights"]["content"] or words == "stone -layers"


@law(0.5, count=st.integers(0, 5), size=st.integers(1, 6))
def lists_of_users_agree(harness: VersionsHarness, count: int, size: int) -> None:
    """All three lists, oldest first."""
    for number in range(count):
        harness.person(f"p{number}", Role.READER)
    expected = [USER.from_v2(harness, item) for item in v2_items(harness.admin, "/users", size)]
    assert [USER.from_v1(harness, item) for item in ok(harness.admin.v1.get("/users")).json()] == expected
    assert len(expected) == len(harness.fetch("SELECT 1 FROM users"))
    listed, counted = [], []
    for skip in range(0, len(expected) + 1, size):
        listed += ok(harness.admin.v1.get("/users", skip=skip, limit=size)).json()
        page = ok(harness.admin.v1.get("/users/paginated", skip=skip, limit=size)).json()
        assert (page["total"], page["skip"], page["limit"]) == (len(expected), skip, size)
        counted += page["items"]
    assert [USER.from_v1(harness, item) for item in listed] == expected
    assert listed == counted
