"""The import of posts: steps, problems, and what a crash, a cancellation and a wrong file leave behind."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from app.kit.queue.job_queue import JobQueue
from app.kit.queue.kinds import JobHandler
from app.posts import csv_import
from app.posts.csv_rows import Row
from app.posts.csv_rows import rows as rows_of
from app.posts.job_names import CSV_IMPORT
from app.posts.jobs import jobs
from tests.support.app import Person, TestApp
from tests.support.files import stored_file
from tests.support.jobs import ended, execute, worker_resources, working
from tests.support.jobs import jobs as job_rows
from tests.support.transactions import rows
from tests.support.waiting import eventually

TEN = "title,status\n" + "".join(f"Post {number},{'published' if number % 2 else ''}\n" for number in range(10))


@pytest.fixture
async def ada(concurrent_app: TestApp) -> Person:
    return await concurrent_app.person("ada@example.com")


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_import, "STEP", 3)
    monkeypatch.setattr(csv_import, "_STATEMENT", 2)


def handler(test_app: TestApp) -> JobHandler:
    return jobs(worker_resources(test_app))[CSV_IMPORT]


async def run(test_app: TestApp, owner: UUID, file: UUID, status: str = "succeeded") -> Mapping[str, Any]:
    async with working(test_app, handler(test_app), CSV_IMPORT):
        async with test_app.runtime.database.write() as session:
            await JobQueue(session).enqueue(CSV_IMPORT, {"owner": str(owner), "file": str(file)})
        await eventually(ended(test_app, status))
    (row,) = await job_rows(test_app)
    return dict(row)


async def titles(test_app: TestApp) -> list[str]:
    return [row["title"] for row in await rows(test_app, "SELECT title FROM posts ORDER BY id")]


async def test_every_row_becomes_a_post_of_the_user_with_its_events(concurrent_app: TestApp, ada: Person) -> None:
    row = await run(concurrent_app, ada.user.uid, await stored_file(concurrent_app, ada, TEN))
    assert orjson.loads(row["result"]) == {"rows": 10, "imported": 10, "rejected": 0}
    assert (row["done"], row["total"], row["attempt"]) == (10, 10, 1)
    assert await titles(concurrent_app) == [f"Post {number}" for number in range(10)]
    posts = await rows(concurrent_app, "SELECT DISTINCT author_id, status FROM posts ORDER BY status")
    assert [tuple(post) for post in posts] == [(ada.user.id, "draft"), (ada.user.id, "published")]
    events = await rows(
        concurrent_app,
        "SELECT type, audience, count(*) FROM events WHERE type LIKE 'post.%' GROUP BY 1, 2 ORDER BY 1, 2",
    )
    assert [tuple(event) for event in events] == [
        ("post.created", "owner", 5),
        ("post.created", "public", 5),
        ("post.published", "public", 5),
    ]


async def test_wrong_rows_are_left_out_counted_and_stored_up_to_a_limit(
    concurrent_app: TestApp, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert csv_import.MAX_PROBLEMS == 10_000
    monkeypatch.setattr(csv_import, "MAX_PROBLEMS", 3)
    text = "title,status\n" + "".join(f"Good {number},\n,unknown\n" for number in range(4))
    row = await run(concurrent_app, ada.user.uid, await stored_file(concurrent_app, ada, text))
    assert orjson.loads(row["result"]) == {"rows": 8, "imported": 4, "rejected": 4}
    assert await titles(concurrent_app) == [f"Good {number}" for number in range(4)]
    problems = await rows(concurrent_app, "SELECT line, pointer, code FROM job_problems ORDER BY id")
    assert [tuple(problem) for problem in problems] == [
        (3, "/title", "missing"),
        (3, "/status", "unknown_status"),
        (5, "/title", "missing"),
    ]


async def test_a_file_is_read_in_threads_since_the_worker_has_one_event_loop(
    concurrent_app: TestApp, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def reading(chunks: Iterator[bytes]) -> Iterator[Row]:
        for row in rows_of(chunks):
            threads.append(threading.current_thread())
            yield row

    monkeypatch.setattr(csv_import, "rows", reading)
    await run(concurrent_app, ada.user.uid, await stored_file(concurrent_app, ada, TEN))
    assert len(threads) == 20, "the rows are counted, then imported"
    assert threading.main_thread() not in threads


@pytest.mark.parametrize("crash", [1, 2, 3, 4])
async def test_an_attempt_after_a_crash_repeats_one_step_without_doubling_a_post(
    concurrent_app: TestApp, ada: Person, monkeypatch: pytest.MonkeyPatch, crash: int
) -> None:
    calls: list[int] = []
    stored = csv_import.add_problems

    async def failing(*arguments: Any) -> None:
        calls.append(len(calls))
        await stored(*arguments)
        if len(calls) == crash:
            message = "the worker dies"
            raise ConnectionError(message)

    monkeypatch.setattr(csv_import, "add_problems", failing)
    text = TEN.replace("Post 4,", ",")
    row = await run(concurrent_app, ada.user.uid, await stored_file(concurrent_app, ada, text))
    assert (row["attempt"], row["done"], len(calls)) == (2, 10, 5)
    assert orjson.loads(row["result"]) == {"rows": 10, "imported": 9, "rejected": 1}
    assert await titles(concurrent_app) == [f"Post {number}" for number in range(10) if number != 4]
    assert len(await rows(concurrent_app, "SELECT FROM job_problems")) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (TEN + '"never closed\n', "malformed_csv"),
        (TEN.encode() + b"\xff\n", "not_utf8"),
        ("name\nA\n", "unknown_column"),
    ],
)
async def test_a_file_that_cannot_be_read_to_its_end_creates_no_post(
    concurrent_app: TestApp, ada: Person, text: str | bytes, code: str
) -> None:
    row = await run(concurrent_app, ada.user.uid, await stored_file(concurrent_app, ada, text), "failed")
    assert orjson.loads(row["problem"])["code"] == code
    assert row["attempt"] == 1
    assert await titles(concurrent_app) == []


async def test_the_import_of_a_user_who_may_not_create_posts_is_rejected(concurrent_app: TestApp, ada: Person) -> None:
    file = await stored_file(concurrent_app, ada, TEN)
    await execute(concurrent_app, "UPDATE users SET roles = '{reader}' WHERE id = $1", ada.user.id)
    row = await run(concurrent_app, ada.user.uid, file, "failed")
    assert orjson.loads(row["problem"])["code"] == "insufficient_permissions"
    assert await titles(concurrent_app) == []


@pytest.mark.parametrize(("owner", "code"), [("other", "file_not_found"), ("none", "owner_missing")])
async def test_the_file_of_another_user_and_a_missing_user_are_rejected(
    concurrent_app: TestApp, ada: Person, owner: str, code: str
) -> None:
    bob = await concurrent_app.person("bob@example.com")
    owners = {"other": bob.user.uid, "none": uuid4()}
    row = await run(concurrent_app, owners[owner], await stored_file(concurrent_app, ada, TEN), "failed")
    assert orjson.loads(row["problem"])["code"] == code
