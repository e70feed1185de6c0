"""No choice of data makes a list or a search expensive: PostgreSQL reads about as many blocks in ten times the rows.

Every list and search is found in the contracts and requested with each filter, each sort order, common, rare and absent
values, by each kind of caller. With ``TESTS_DEEP=1`` the tables have 100,000 and 1,000,000 rows, and the requests each
pair of parameters.
"""

import os
from collections.abc import Iterator

import pytest

from app.posts import statements
from app.settings.root import Settings
from tests.support.list_blocks import Blocks, measure
from tests.support.list_requests import LISTS, PAIRS, SINGLE
from tests.support.wire import WIRE

DEEP = os.environ.get("TESTS_DEEP") == "1"
ROWS = (100_000, 1_000_000) if DEEP else (2_000, 20_000)
GROWTH = 1.5
SMALL = 200
"""Blocks that any list may read: those of a page, its authors and few matches, each with the levels of an index."""
EXACT_COUNTS = {"posts.list", "users.list_paginated"}
"""Their contract promises the exact total."""
OF_A_PARENT = {"accounts.list_entries", "jobs.list_problems", "deliveries.list"}
"""Lists of an object that the callers do not have."""
IN_MEMORY = {"providers.list"}


@pytest.fixture
def few_ranked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A small table has fewer matches than a search ranks."""
    if not DEEP:
        monkeypatch.setattr(statements, "RANKED", ROWS[0] // 10)
    statements.search_page.cache_clear()
    yield
    statements.search_page.cache_clear()


@pytest.mark.usefixtures("few_ranked")
async def test_blocks_do_not_grow_with_the_tables(admin_dsn: str, settings: Settings) -> None:
    small, large = [await measure(admin_dsn, settings, rows, PAIRS if DEEP else SINGLE) for rows in ROWS]
    found = grown(small, large)
    assert not found, "\n".join(found)
    lists = {(one.version, one.name) for one in LISTS if one.name not in OF_A_PARENT | IN_MEMORY}
    assert large.measured == lists, "each of them executes a statement"


def grown(small: Blocks, large: Blocks) -> list[str]:
    """The statements that read more than they should, without those that are exempt."""
    lines = []
    for key, blocks in sorted(large.of_statement.items(), key=str):
        before = small.of_statement.get(key, 0)
        if blocks > GROWTH * max(before, SMALL) and not is_exempt(key, large.sql[key]):
            lines.append(f"{key}: {before} -> {blocks}")
    return lines


def is_exempt(key: str, sql: str) -> bool:
    return key.split(" ")[1] in EXACT_COUNTS and "count(*)" in sql


def test_a_statement_that_reads_more_is_named() -> None:
    before, after = Blocks(), Blocks()
    sizes = {
        "posts.list as root: status draft (1)": (200, 301),
        "posts.list as root: status archived (1)": (100, 300),
        "posts.search as root: q common (1)": (1000, 1501),
        "jobs.list as root: type email (1)": (100, 1000),
        "posts.list as root: no parameters (2)": (100, 1000),
    }
    for name, (small, large) in sizes.items():
        key = f"{WIRE} {name}"
        before.of_statement[key], after.of_statement[key] = small, large
        after.sql[key] = "SELECT count(*) FROM posts" if "no parameters" in key else "SELECT id FROM posts"
    assert [line.partition(" as ")[2] for line in grown(before, after)] == [
        "root: type email (1): 100 -> 1000",
        "root: status draft (1): 200 -> 301",
        "root: q common (1): 1000 -> 1501",
    ]
