"""A page contains the right posts for every viewer, and PostgreSQL reads about as many rows as it contains."""

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from app.kit.db.statements import Read
from app.posts import statements
from app.posts.commands import Sort, SortField
from app.posts.policy import Viewer
from tests.support.postgres import clone, owner_dsn

POSTS = 3000
PAGE = 20
AUTHOR = 1
VISIBLE = {"anyone": "status = 'published'", "author": f"status = 'published' OR author_id = {AUTHOR}", "admin": "true"}
NEWEST_FIRST = (Sort(SortField.CREATED_AT, descending=True),)
SORTS = [
    NEWEST_FIRST,
    (Sort(SortField.TITLE, descending=False),),
    (Sort(SortField.VIEW_COUNT, descending=True), Sort(SortField.TITLE, descending=False)),
]
FILL = """
INSERT INTO users (uid, email, display_name, password_hash, roles)
SELECT gen_random_uuid(), n || '@example.com', 'Author ' || n, '-', ARRAY['author'] FROM generate_series(1, 10) n;
INSERT INTO posts (uid, author_id, title, content, status, published_at, view_count, created_at)
SELECT gen_random_uuid(), 1 + n % 10, 'Post ' || n % 700, '', (ARRAY['published', 'published', 'draft'])[1 + n % 3],
       now(), n % 50, now() - n / 4 * interval '1 minute'
FROM generate_series(1, :posts) n;
ANALYZE
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def connection(admin_dsn: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(owner_dsn(await clone(admin_dsn, "listing")))
    await connection.execute(FILL.replace(":posts", str(POSTS)))
    yield connection
    await connection.close()


def given(viewer: Viewer, **values: Any) -> dict[str, Any]:
    return values | ({"viewer_id": AUTHOR} if viewer == "author" else {})


async def expected(connection: "asyncpg.Connection[Any]", viewer: Viewer, sort: tuple[Sort, ...]) -> list[int]:
    order = [f"{key.field} {'DESC' if key.descending else 'ASC'}" for key in sort]
    order.append("id DESC" if sort[-1].descending else "id ASC")
    text = f"SELECT id FROM posts WHERE {VISIBLE[viewer]} ORDER BY {', '.join(order)}"  # noqa: S608 - constants
    rows = await connection.fetch(text)
    return [row["id"] for row in rows]


async def ids(connection: "asyncpg.Connection[Any]", read: Read, values: dict[str, Any]) -> list[Any]:
    return list(await connection.fetch(read.sql, *read.arguments(values)))


@pytest.mark.parametrize("viewer", ["anyone", "author", "admin"])
@pytest.mark.parametrize("sort", SORTS, ids=str)
async def test_pages_by_cursor_add_up_to_the_listing(
    connection: "asyncpg.Connection[Any]", viewer: Viewer, sort: tuple[Sort, ...]
) -> None:
    found: list[int] = []
    rows = await ids(
        connection, statements.keyset_page(viewer, frozenset(), sort, after=False), given(viewer, limit=700)
    )
    following = statements.keyset_page(viewer, frozenset(), sort, after=True)
    while rows:
        found += [row["id"] for row in rows]
        position = [*(rows[-1][key.field.value] for key in sort), rows[-1]["id"]]
        after = {f"after_{index}": value for index, value in enumerate(position)}
        rows = await ids(connection, following, given(viewer, limit=700, **after))
    assert found == await expected(connection, viewer, sort)


@pytest.mark.parametrize("viewer", ["anyone", "author", "admin"])
async def test_a_page_by_offset_is_a_part_of_the_listing(connection: "asyncpg.Connection[Any]", viewer: Viewer) -> None:
    read = statements.offset_page(viewer, frozenset(), NEWEST_FIRST[0])
    rows = await ids(connection, read, given(viewer, limit=PAGE, offset=900))
    assert [row["id"] for row in rows] == (await expected(connection, viewer, NEWEST_FIRST))[900 : 900 + PAGE]


@pytest.mark.parametrize("viewer", ["anyone", "author", "admin"])
async def test_a_page_reads_few_rows(connection: "asyncpg.Connection[Any]", viewer: Viewer) -> None:
    read = statements.keyset_page(viewer, frozenset(), NEWEST_FIRST, after=False)
    explained = await connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {read.sql}", *read.arguments(given(viewer, limit=PAGE + 1))
    )
    most = max(_rows_read(json.loads(explained)[0]["Plan"]))
    assert most <= 4 * PAGE, f"one node of the plan read {most} of {POSTS} rows"


def _rows_read(plan: dict[str, Any]) -> list[float]:
    own = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    return [own, *(rows for part in plan.get("Plans", ()) for rows in _rows_read(part))]
