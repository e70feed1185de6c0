"""Posts with unusual texts, and how the values of the API are written in CSV."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from app.models import File, Post, PostAttachment
from tests.support.app import Person, TestApp

TEXTS = (
    "plain",
    '=HYPERLINK("https://attacker.example")',
    "-1",
    "\ttab",
    "\uff1d1+1",
    'quotes " and, commas\nand\r\nlines',
    "\\. \\n \\x41 \\\\",
    "\u0001\u0002\u2028 ünï ₰",
    "",
    "'",
    "2 < 3",
)
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# One long word: the index of many words takes longer than the rest of the row.
_FILL = (
    "INSERT INTO posts (author_id, uid, title, content, status, published_at, created_at, updated_at)"
    " SELECT $1, gen_random_uuid(), 'Strata ' || n, repeat('x', 600), 'published', now(), now(), now()"
    " FROM generate_series($2::integer, $3::integer) n"
)
_AT_ONCE = 5_000
"""Rows of one statement: a busy machine inserts them before the timeout."""
START = datetime(2026, 1, 1, tzinfo=UTC)


async def write_posts(test_app: TestApp, author: Person) -> None:
    """Posts of every status and text, with and without microseconds, a date of publication and attachments."""
    async with test_app.runtime.database.write() as session:
        files = [_file(author, f"{text[:20] or 'a'}.csv") for text in TEXTS[:5]]
        session.add_all(files)
        await session.flush()
        for number, text in enumerate(TEXTS):
            status = ("published", "draft", "archived")[number % 3]
            at = START + timedelta(days=number, microseconds=(0, 1, 120_000)[number % 3])
            published_at = None if status == "draft" else at
            # From the second file on, in descending order; some posts have none.
            attached = files[number % 4 : 0 : -1]
            post = Post(
                author_id=author.user.id,
                title=text or "-",
                content=text,
                status=status,
                published_at=published_at,
                created_at=at,
                updated_at=at,
                view_count=number,
                attachments=[[str(file.uid), file.name, file.content_type, file.size] for file in attached] or None,
            )
            session.add(post)
            await session.flush()
            for position, file in enumerate(attached):
                session.add(PostAttachment(post_id=post.id, position=position, file_id=file.id))


def _file(owner: Person, name: str) -> File:
    return File(
        owner_id=owner.user.id,
        name=name,
        content_type="text/csv",
        object_key=f"objects/{uuid4()}",
        state="ready",
        size=8,
        sha256=b"digest",
        ready_at=START,
        created_at=START,
    )


def from_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def cell(value: Any) -> str:
    """A value of the API as a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return " ".join(item["id"] if isinstance(item, dict) else item for item in value)
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULAS) else text


def as_cells(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{name: cell(value) for name, value in row.items()} for row in rows]


async def fill(test_app: TestApp, rows: int) -> Person:
    """An author of so many published posts."""
    author = await test_app.person("author@example.com")
    async with test_app.runtime.database.write() as session:
        driver = await session.driver()
        for first in range(1, rows + 1, _AT_ONCE):
            await driver.execute(_FILL, author.user.id, first, min(rows, first + _AT_ONCE - 1))
    return author
