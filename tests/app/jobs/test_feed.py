"""Who is passed the states of a job: everybody who watches it, with one read for all of them, and nobody else."""

import asyncio
from contextlib import ExitStack
from typing import cast
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from app.errors import Unavailable
from app.jobs import feed as feeds
from app.jobs.feed import JobFeed
from app.jobs.views import JobView
from app.kit.db.sessions import ReadSession
from tests.support.waiting import PATIENCE

ADA, BOB = uuid4(), uuid4()


class Jobs:
    """Knows one job, and records which jobs are read."""

    def __init__(self, view: JobView) -> None:
        self._view = view
        self.read: list[UUID] = []
        self.leaving: ExitStack | None = None

    def __call__(self, _reads: object) -> "Jobs":
        return self

    async def job(self, uid: UUID) -> JobView | None:
        self.read.append(uid)
        if self.leaving is not None:
            self.leaving.close()
        return self._view if uid == ADA else None


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Jobs:
    found = Jobs(cast("JobView", "the state of a job"))
    monkeypatch.setattr(feeds, "JobQueries", found)
    return found


def new_feed() -> JobFeed:
    return JobFeed(cast("ReadSession", None))


async def test_a_job_is_read_once_for_all_who_watch_it_until_the_last_one_leaves(jobs: Jobs) -> None:
    feed, first, second, other = new_feed(), list[object](), list[object](), list[object]()
    with feed.watched(ADA, first.append):
        with feed.watched(ADA, second.append), feed.watched(BOB, other.append):
            await feed.look()
        await feed.look()
    await feed.look()
    state = "the state of a job"
    assert (first, second, other) == ([state, state], [state], [None])
    assert jobs.read == [ADA, BOB, ADA]


async def test_a_watcher_is_forgotten_although_its_stream_failed(jobs: Jobs) -> None:
    feed = new_feed()
    with pytest.raises(ConnectionError), feed.watched(ADA, lambda _view: None):
        raise ConnectionError
    await feed.look()
    assert jobs.read == []


@pytest.mark.usefixtures("jobs")
async def test_a_watcher_that_leaves_when_it_is_told_keeps_nothing_from_the_next_one() -> None:
    feed, told = new_feed(), list[str]()
    with ExitStack() as stack:

        def leave(_view: JobView | None) -> None:
            told.append("first")
            stack.close()

        stack.enter_context(feed.watched(ADA, leave))
        with feed.watched(ADA, lambda _view: told.append("second")):
            await feed.look()
    assert told == ["first", "second"]


async def test_nobody_is_told_of_a_job_that_all_have_left_while_it_was_read(jobs: Jobs) -> None:
    feed, told = new_feed(), list[object]()
    with ExitStack() as stack:
        stack.enter_context(feed.watched(ADA, told.append))
        jobs.leaving = stack
        await feed.look()
    assert (jobs.read, told) == ([ADA], [])


def test_a_change_is_told_within_a_second() -> None:
    assert 0.1 <= feeds._SECONDS <= 1, "the database is asked this often for each watched job"


async def test_the_states_are_told_again_after_an_outage(monkeypatch: pytest.MonkeyPatch, jobs: Jobs) -> None:
    monkeypatch.setattr(feeds, "_SECONDS", 0.001)
    feed, told, errors = new_feed(), asyncio.Event(), [Unavailable()]
    job = jobs.job

    async def read(uid: UUID) -> JobView | None:
        if errors:
            raise errors.pop()
        return await job(uid)

    monkeypatch.setattr(jobs, "job", read)
    with capture_logs() as lines, feed.watched(ADA, lambda _view: told.set()):
        async with feed.running():
            await asyncio.wait_for(told.wait(), PATIENCE)
    assert [(line["event"], line["log_level"]) for line in lines] == [("jobs_not_streamed", "warning")]
