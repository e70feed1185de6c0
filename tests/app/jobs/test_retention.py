"""Housekeeping deletes jobs 30 days after their end, and the log of the queue after 7 days; the settings say so."""

from datetime import timedelta

from structlog.testing import capture_logs

from app.jobs.schedules import schedules
from app.kit.clock import utc_now
from app.kit.db.batches import BATCH
from app.kit.queue import retention
from app.settings.background_jobs import JobSettings
from tests.support.app import TestApp
from tests.support.jobs import worker_resources
from tests.support.transactions import database_of, owner_of

DAY = timedelta(days=1)
INSERT = (
    "INSERT INTO jobs (uid, kind, params, status, finished_at, message)"
    " VALUES (gen_random_uuid(), 'email', '{}', $1, $2, $3)"
)
LOG = (
    "INSERT INTO pgqueuer_log (created, job_id, status, priority, entrypoint, aggregated)"
    " VALUES ($1, $2, 'successful', 0, 'email', $3)"
)
STATISTICS = (
    "INSERT INTO pgqueuer_statistics (created, count, priority, status, entrypoint)"
    " VALUES ($1, 1, 0, 'successful', 'email')"
)


async def purge(test_app: TestApp, settings: JobSettings) -> tuple[int, int, int]:
    """The numbers of deleted jobs, problems and lines of the log of the queue, as the schedule logs them."""
    (schedule,) = schedules(worker_resources(test_app, settings))
    with capture_logs() as lines:
        await schedule.run()
    assert [(line["event"], line["log_level"]) for line in lines] == [("jobs_purged", "info")]
    return lines[0]["jobs"], lines[0]["problems"], lines[0]["log_lines"]


async def test_old_jobs_and_lines_are_deleted_and_no_others(concurrent_app: TestApp) -> None:
    now = utc_now()
    async with owner_of(concurrent_app.runtime.database) as owner:
        for status, age in (("succeeded", 31), ("failed", 31), ("cancelled", 31), ("succeeded", 29), ("failed", 1)):
            await owner.execute(INSERT, status, now - age * DAY, f"{status} {age}")
        await owner.execute(INSERT, "queued", None, "queued")
        await owner.execute("UPDATE jobs SET created_at = $1", now - 400 * DAY)
        for number, (age, aggregated) in enumerate(((8, True), (8, False), (6, True))):
            await owner.execute(LOG, now - age * DAY, number, aggregated)
        for age in (31, 29):
            await owner.execute(STATISTICS, now - age * DAY)
        assert await purge(concurrent_app, JobSettings()) == (3, 0, 1)
        jobs = await owner.fetch("SELECT message FROM jobs ORDER BY 1")
        assert [row["message"] for row in jobs] == ["failed 1", "queued", "succeeded 29"]
        lines = await owner.fetch("SELECT job_id FROM pgqueuer_log ORDER BY 1")
        assert [row["job_id"] for row in lines] == [1, 2], "a line that is not in the statistics yet is kept"
        assert await owner.fetchval("SELECT count(*) FROM pgqueuer_statistics") == 1
        await purge(concurrent_app, JobSettings(retention_days=2, queue_log_retention_days=5))
        assert await owner.fetchval("SELECT count(*) FROM jobs") == 2
        assert await owner.fetchval("SELECT count(*) FROM pgqueuer_log") == 1


async def test_more_rows_than_a_batch_are_deleted(concurrent_app: TestApp) -> None:
    now = utc_now()
    async with owner_of(concurrent_app.runtime.database) as owner:
        await owner.execute(
            "INSERT INTO jobs (uid, kind, params, status, finished_at)"
            " SELECT gen_random_uuid(), 'email', '{}', 'succeeded', $1 FROM generate_series(1, $2)",
            now - 40 * DAY,
            BATCH + 1,
        )
        deleted = await retention.purge_jobs(database_of(concurrent_app), now - DAY)
        assert deleted == BATCH + 1
        assert await owner.fetchval("SELECT count(*) FROM jobs") == 0


async def test_the_problems_of_a_job_are_deleted_before_it_or_with_it(concurrent_app: TestApp) -> None:
    now = utc_now()
    async with owner_of(concurrent_app.runtime.database) as owner:
        for age in (31, 11, 9):
            await owner.execute(INSERT, "succeeded", now - age * DAY, str(age))
        await owner.execute(INSERT, "queued", None, "queued")
        await owner.execute(
            "INSERT INTO job_problems (job_id, line, pointer, code, detail)"
            " SELECT id, 2, '/title', 'missing', message FROM jobs, generate_series(1, 2)"
        )

        async def kept() -> list[str]:
            return [row["detail"] for row in await owner.fetch("SELECT DISTINCT detail FROM job_problems ORDER BY 1")]

        assert await purge(concurrent_app, JobSettings()) == (1, 2, 0)
        assert await kept() == ["11", "9", "queued"]
        await purge(concurrent_app, JobSettings(problem_retention_days=10))
        assert await kept() == ["9", "queued"]
        await purge(concurrent_app, JobSettings(retention_days=8))
        assert await kept() == ["queued"]
