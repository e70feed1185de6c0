"""``strata jobs``: what each command shows and changes."""

import json
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from app.cli.kit.output import CommandError
from tests.support.commands import Run
from tests.support.postgres import stored_rows
from versions.kit.typeid import encode

FAILED = (
    'status = \'failed\', finished_at = now(), attempt = 10, problem = \'{"code": "job_failed", "detail": "Why."}\''
)
SUCCEEDED = "status = 'succeeded', finished_at = now(), done = 4, total = 4"


@pytest.fixture
def run(run: Run) -> Run:
    return partial(run, "jobs")


def add(dsn: str, change: str = "message = NULL", kind: str = "email") -> str:
    """Store a job and return its uid."""
    ((uid,),) = stored_rows(
        dsn,
        f"INSERT INTO jobs (uid, kind, params) VALUES (gen_random_uuid(), '{kind}', '{{}}') RETURNING uid::text",  # noqa: S608 - of this test
    )
    stored_rows(dsn, f"UPDATE jobs SET {change} WHERE uid = '{uid}' RETURNING 1")  # noqa: S608 - of this test
    return str(uid)


def state(dsn: str, uid: str) -> tuple[Any, ...]:
    (row,) = stored_rows(dsn, f"SELECT status, attempt FROM jobs WHERE uid = '{uid}'")  # noqa: S608 - of this test
    return tuple(row)


def test_jobs_are_listed_by_status_and_kind(run: Run, dsn: str) -> None:
    assert "No jobs." in run("list")
    waiting, failed = add(dsn), add(dsn, FAILED, "report")
    assert [job["uid"] for job in json.loads(run("list", "--json"))] == [failed, waiting]
    assert [job["uid"] for job in json.loads(run("list", "--json", "--status", "failed"))] == [failed]
    assert [job["uid"] for job in json.loads(run("list", "--json", "--kind", "email"))] == [waiting]
    assert len(json.loads(run("list", "--json", "--limit", "1"))) == 1
    assert "job_failed" in run("list")
    with pytest.raises(CommandError, match=r"--status must be one of queued, running, .*, got 'done'"):
        run("list", "--status", "done")


def test_a_job_is_shown_by_either_form_of_its_id(run: Run, dsn: str) -> None:
    uid = add(dsn, FAILED)
    ((raw,),) = stored_rows(dsn, f"SELECT uid FROM jobs WHERE uid = '{uid}'")  # noqa: S608 - of this test
    assert json.loads(run("show", uid, "--json")) == json.loads(run("show", encode("job", raw), "--json"))
    assert "job_failed" in run("show", uid)
    with pytest.raises(CommandError, match="There is no job"):
        run("show", str(uuid4()))
    with pytest.raises(CommandError, match=r"JOB must be job_\.\.\. or a UUID, got 'seven'"):
        run("show", "seven")


def test_a_failed_job_runs_again(run: Run, dsn: str) -> None:
    uid = add(dsn, FAILED)
    assert f"Job {uid} is queued." in run("retry", uid)
    assert state(dsn, uid) == ("queued", 0)
    assert stored_rows(dsn, "SELECT entrypoint, dedupe_key FROM pgqueuer") == [("email", uid)]
    with pytest.raises(CommandError, match="Only a job that failed or was cancelled runs again"):
        run("retry", uid)
    assert stored_rows(dsn, "SELECT action, target FROM audit_events WHERE action LIKE 'job.%'") == [
        ("job.retried", f"job:{uid}")
    ]


def test_a_job_whose_successor_waits_does_not_run_again(run: Run, dsn: str) -> None:
    uid = add(dsn, f"key = 'nightly', {FAILED}")
    add(dsn, "key = 'nightly'")
    with pytest.raises(CommandError, match="whose successor waits or runs already"):
        run("retry", uid)


def test_a_job_is_cancelled(run: Run, dsn: str) -> None:
    waiting, running, done = (
        add(dsn),
        add(dsn, "status = 'running', run = gen_random_uuid(), attempt = 1"),
        add(dsn, SUCCEEDED),
    )
    assert "is cancelled" in run("cancel", waiting)
    assert "is being stopped by its worker" in run("cancel", running)
    assert (state(dsn, waiting), state(dsn, running)) == (("cancelled", 0), ("running", 1))
    assert stored_rows(dsn, f"SELECT cancel_requested_at IS NOT NULL FROM jobs WHERE uid = '{running}'") == [(True,)]  # noqa: S608 - of this test
    with pytest.raises(CommandError, match="already succeeded or failed"):
        run("cancel", done)


def test_jobs_are_watched_until_they_end(run: Run, dsn: str) -> None:
    assert "No jobs." in run("watch")
    done, failed = add(dsn, SUCCEEDED), add(dsn, FAILED)
    assert f"{done}  email  succeeded" in run("watch", done)
    assert f"{failed}  email  failed: Why." in run("watch", done, failed, code=1)
    cancelled = add(dsn, "status = 'cancelled', finished_at = now()")
    assert f"{cancelled}  email  cancelled" in run("watch", cancelled, code=1)
