"""Files with posts, their import in processes, and what of it is stored."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import asyncpg

from app.files.storing import FileStorage
from app.kit.db.database import Database
from app.kit.storage.opening import open_store
from app.settings.root import Settings
from observability.metrics.metrics import Metrics
from tests.support.app import Person

BAD_EVERY = 1000
"""Each row with such a number is wrong."""


def csv_of(rows: int) -> bytes:
    """A file with so many rows; some values have line breaks, and some rows are wrong."""

    def lines() -> Iterator[str]:
        yield "title,content,status\n"
        for number in range(1, rows + 1):
            title = "" if number % BAD_EVERY == 0 else f"Post {number}"
            content = '"two\nlines, ""quoted"""' if number % 7 == 0 else "one line"
            yield f"{title},{content},{'published' if number % 2 else 'draft'}\n"

    return "".join(lines()).encode()


async def add_file(database: Database, settings: Settings, home: Path, owner: Person, body: bytes) -> UUID:
    """Store a file of a user in the local store of the processes with this home."""
    storage = FileStorage(database, open_store(settings.model_copy(update={"home": home}), Metrics()))
    content = await storage.store(owner.user.id, "posts.csv", "text/csv", body)
    async with database.write() as session:
        await storage.finish(session, content)
    return content.file


def resident(pid: int, field: str = "VmRSS") -> int:
    """The resident memory of a process in MB; ``VmHWM`` is its peak."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) // 1024


async def ensure_complete(owner: "asyncpg.Connection[asyncpg.Record]", rows: int) -> None:
    """Each good row is one post with its events, in the order of the file; each wrong one is one problem."""
    wrong = rows // BAD_EVERY
    posts = await owner.fetchrow(
        "SELECT count(*) AS posts, count(DISTINCT title) AS titles, count(*) FILTER (WHERE status = 'published') AS"
        " published FROM posts"
    )
    assert posts is not None
    assert (posts["posts"], posts["titles"]) == (rows - wrong, rows - wrong)
    disorder = (
        "SELECT count(*) FROM (SELECT substr(title, 6)::int AS number, lag(substr(title, 6)::int) OVER (ORDER BY id) AS"
        " before FROM posts) AS posts WHERE number < before"
    )
    assert await owner.fetchval(disorder) == 0
    counted = await owner.fetch("SELECT type, count(*) FROM events WHERE type LIKE 'post.%' GROUP BY 1")
    events = {row["type"]: row["count"] for row in counted}
    assert events == {"post.created": rows - wrong, "post.published": posts["published"]}
    lines = await owner.fetch("SELECT line, count(*) FROM job_problems GROUP BY 1")
    assert (len(lines), {row["count"] for row in lines}) == (wrong, {1})
    job = await owner.fetchrow("SELECT status, done, total, result::text AS result FROM jobs WHERE kind = 'csv_import'")
    assert job is not None
    assert (job["status"], job["done"], job["total"]) == ("succeeded", rows, rows)
