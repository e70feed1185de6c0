"""Reports: what they contain, that their bytes depend on their data only, and the job that makes them."""

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import orjson
import pytest
from pypdf import PdfReader

from app.files.queries import FileQueries
from app.kit.queue.job_queue import JobQueue
from app.kit.queue.kinds import JobKind
from app.reports import document
from app.reports.commands import ReportRequest
from app.reports.document import pdf
from app.reports.job_names import REPORT
from app.reports.jobs import jobs
from app.reports.queries import ReportQueries
from app.reports.reader import MAX_POSTS, ReportReader
from app.reports.views import Report, ReportedPost
from tests.support.app import Person, TestApp
from tests.support.jobs import ended, execute, worker_resources, working
from tests.support.jobs import jobs as job_rows
from tests.support.waiting import eventually

TITLE = "Zażółć gęślą jaźń: <b>Żółw</b> & co"
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
REPORT_OF_NOVEMBER = Report(
    title=TITLE,
    author="Świętosława",
    start=date(2026, 11, 1),
    end=date(2026, 11, 30),
    total=2,
    views=7,
    per_day=[0, 2, *[0] * 28],
    posts=[ReportedPost("Łódź", "published", 5, NOON), ReportedPost("<i>raw</i>", "draft", 2, NOON)],
)
REQUEST = ReportRequest(date(2026, 11, 1), date(2026, 11, 30), TITLE)


def text_of(body: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(body)).pages)


def test_the_document_shows_every_letter_and_no_markup() -> None:
    text = text_of(pdf(REPORT_OF_NOVEMBER))
    for shown in (TITLE, "Świętosława, 2026-11-01 to 2026-11-30", "2 posts, 7 views", "Łódź", "<i>raw</i>"):
        assert shown in text
    for cell in ("Title", "Status", "Created", "Views", "published", "draft", "2026-11-02"):
        assert cell in text
    assert "11-01" in text.replace("2026-11-01", ""), "the chart names days"
    lines = text.splitlines()
    assert [lines[lines.index(title) + 3] for title in ("Łódź", "<i>raw</i>")] == ["5", "2"], "their views"


def test_every_letter_has_the_font_of_the_file() -> None:
    """Viewers replace fonts that are not in the file, and leave out the letters that theirs lack."""
    fonts: set[str] = set()

    def note(text: str, _matrix: object, _position: object, font: Any, _size: float) -> None:
        if text.strip():
            fonts.add(str(font["/BaseFont"]).partition("+")[2])

    for page in PdfReader(BytesIO(pdf(REPORT_OF_NOVEMBER))).pages:
        page.extract_text(visitor_text=note)
    assert fonts == {document._FONT}


def test_the_chart_has_a_bar_per_day_and_few_labels() -> None:
    year = replace(REPORT_OF_NOVEMBER, start=date(2026, 1, 1), end=date(2026, 12, 31), per_day=list(range(365)))
    text = text_of(pdf(year))
    assert "01-01" in text
    assert "01-02" not in text
    assert pdf(replace(year, per_day=[*range(364), 0])) != pdf(year)


def test_a_report_without_posts_and_one_of_many_pages() -> None:
    empty = replace(REPORT_OF_NOVEMBER, total=0, views=0, per_day=[0] * 30, posts=[])
    assert "0 posts, 0 views" in text_of(pdf(empty))
    full = PdfReader(BytesIO(pdf(replace(REPORT_OF_NOVEMBER, posts=[REPORT_OF_NOVEMBER.posts[0]] * MAX_POSTS))))
    assert len(full.pages) > 5
    assert all("Title" in page.extract_text() for page in full.pages[1:]), "each page repeats the head of the table"


def test_the_table_shows_days_in_utc() -> None:
    there = datetime(2026, 11, 3, 1, tzinfo=timezone(timedelta(hours=14)))
    posts = [replace(REPORT_OF_NOVEMBER.posts[0], created_at=there)]
    assert "2026-11-02" in text_of(pdf(replace(REPORT_OF_NOVEMBER, posts=posts)))


def test_the_bars_of_the_chart_begin_at_zero() -> None:
    """Otherwise days with a few posts less look like days without any."""
    (chart,) = document._chart(replace(REPORT_OF_NOVEMBER, per_day=[90, *[100] * 29])).contents
    assert chart.valueAxis.valueMin == 0
    assert [list(bars) for bars in chart.data] == [[90, *[100] * 29]], "from the first day to the last"


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Caracas"])
def test_the_bytes_depend_on_the_data_only(zone: str, tmp_path: Path) -> None:
    (tmp_path / "report").write_bytes(pickle.dumps(REPORT_OF_NOVEMBER))
    script = (
        "import pickle, sys; from pathlib import Path; from app.reports.document import pdf;"
        " sys.stdout.buffer.write(pdf(pickle.loads(Path(sys.argv[1]).read_bytes())))"
    )
    environment = {**os.environ, "TZ": zone, "PYTHONHASHSEED": str(len(zone))}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "report")], capture_output=True, check=True, env=environment
    )
    assert done.stdout == pdf(REPORT_OF_NOVEMBER)


@pytest.fixture
async def ada(concurrent_app: TestApp) -> Person:
    return await concurrent_app.person("ada@example.com")


async def add_post(test_app: TestApp, author: Person, title: str, created_at: datetime, views: int) -> None:
    await execute(
        test_app,
        "INSERT INTO posts (uid, author_id, title, content, status, view_count, created_at, updated_at)"
        " VALUES (gen_random_uuid(), $1, $2, '', 'draft', $3, $4, $4)",
        author.user.id,
        title,
        views,
        created_at,
    )


async def test_a_report_counts_the_posts_of_its_user_in_the_days_of_utc(concurrent_app: TestApp, ada: Person) -> None:
    bob = await concurrent_app.person("bob@example.com")
    for title, at, views in (
        ("first moment", datetime(2026, 11, 1, tzinfo=UTC), 1),
        ("the same day", datetime(2026, 11, 1, 12, tzinfo=UTC), 5),
        ("last moment", datetime(2026, 11, 30, 23, 59, 59, 999_999, tzinfo=UTC), 3),
        ("before", datetime(2026, 10, 31, 23, 59, 59, 999_999, tzinfo=UTC), 9),
        ("after", datetime(2026, 12, 1, tzinfo=UTC), 9),
    ):
        await add_post(concurrent_app, ada, title, at, views)
    await add_post(concurrent_app, bob, "of another author", NOON, 9)
    queries = ReportQueries(concurrent_app.runtime.database.reads)
    report = await ReportReader(queries).report(REQUEST, ada.user.id, "Ada")
    assert (report.title, report.author, report.start, report.end) == (TITLE, "Ada", REQUEST.start, REQUEST.end)
    assert (report.total, report.views) == (3, 9)
    assert report.per_day == [2, *[0] * 28, 1]
    assert [post.title for post in report.posts] == ["the same day", "last moment", "first moment"]
    assert [post.title for post in await queries.most_viewed(ada.user.id, REQUEST.start, REQUEST.end, 1)] == [
        "the same day"
    ]


async def test_posts_with_the_same_views_are_in_the_order_of_their_creation(
    concurrent_app: TestApp, ada: Person
) -> None:
    """The same data make the same document."""
    for title, views in (("a", 1), ("b", 2), ("c", 1), ("d", 2)):
        await add_post(concurrent_app, ada, title, NOON, views)
    queries = ReportQueries(concurrent_app.runtime.database.reads)
    found = await queries.most_viewed(ada.user.id, REQUEST.start, REQUEST.end, 10)
    assert [post.title for post in found] == ["b", "d", "a", "c"]


def test_reports_leave_room_for_other_jobs() -> None:
    """A document takes seconds of a processor."""
    other = JobKind("any")
    assert REPORT.priority < other.priority
    assert 1 <= REPORT.concurrency <= 2
    assert REPORT.timeout >= other.timeout


async def test_the_table_has_the_most_viewed_posts_up_to_a_limit() -> None:
    limits: list[int] = []

    class Queries:
        async def per_day(self, *_arguments: object) -> list[Any]:
            return []

        async def most_viewed(self, _author: int, _start: date, _end: date, limit: int) -> list[Any]:
            limits.append(limit)
            return []

    await ReportReader(cast("ReportQueries", Queries())).report(REQUEST, 1, "Ada")
    assert limits == [MAX_POSTS]


async def run_job(test_app: TestApp, owner: UUID, status: str) -> list[dict[str, object]]:
    async with working(test_app, jobs(worker_resources(test_app))[REPORT], REPORT):
        async with test_app.runtime.database.write() as session:
            await JobQueue(session).enqueue(REPORT, {"owner": str(owner), **REQUEST.params()})
        await eventually(ended(test_app, status))
    return [dict(row) for row in await job_rows(test_app)]


async def test_the_job_stores_the_document_as_a_file_of_the_user(concurrent_app: TestApp, ada: Person) -> None:
    await add_post(concurrent_app, ada, "Łódź", NOON, 1)
    (row,) = await run_job(concurrent_app, ada.user.uid, "succeeded")
    assert (row["done"], row["total"], row["message"]) == (2, 2, "Writing the document")
    uid = UUID(orjson.loads(str(row["result"]))["file"])
    found = await FileQueries(concurrent_app.runtime.database.reads).of_owner(ada.user.id, uid)
    assert found is not None
    assert (found.name, found.content_type) == ("2026-11-01_2026-11-30.pdf", "application/pdf")
    body = b"".join([chunk async for chunk in concurrent_app.store.stream(found.object_key)])
    assert len(body) == found.size
    for shown in (TITLE, ada.user.display_name, "Łódź"):
        assert shown in text_of(body)


async def test_the_job_of_a_deactivated_user_is_rejected(concurrent_app: TestApp, ada: Person) -> None:
    await execute(concurrent_app, "UPDATE users SET is_active = false WHERE id = $1", ada.user.id)
    (row,) = await run_job(concurrent_app, ada.user.uid, "failed")
    assert orjson.loads(str(row["problem"]))["code"] == "owner_missing"
    assert row["attempt"] == 1
