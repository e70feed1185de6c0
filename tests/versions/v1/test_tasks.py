"""Tasks in v1, in the vocabulary of Celery."""

import pytest
from sqlalchemy import text

from app.jobs.errors import TooManyJobs
from tests.support.app import Person, TestApp
from tests.support.limits import FREE

MAIL = {"to": "ada@example.com", "subject": "Done", "body": "It is done."}
REPORT = '{"file": "019727d5-b010-7ee2-ab83-4ba593d999ea", "file_number": 3}'
STATES = [
    ('attempt = 1, problem = \'{"code": "job_failed", "detail": "Why."}\'', "PENDING", None, None),
    ("status = 'running', run = gen_random_uuid()", "STARTED", None, None),
    (
        "status = 'running', run = gen_random_uuid(), done = 1, total = 4",
        "PROGRESS",
        {"current": 1, "total": 4},
        None,
    ),
    ("status = 'succeeded', finished_at = now(), total = 4, done = 4", "SUCCESS", None, None),
    ("status = 'succeeded', finished_at = now(), result = '{\"rows\": 7}'", "SUCCESS", {"rows": 7}, None),
    (f"status = 'succeeded', finished_at = now(), result = '{REPORT}'", "SUCCESS", {"file_id": 3}, None),
    (
        'status = \'failed\', finished_at = now(), problem = \'{"code": "job_failed", "detail": "Why."}\'',
        "FAILURE",
        None,
        "Why.",
    ),
    ("status = 'cancelled', finished_at = now()", "REVOKED", None, None),
]


@pytest.fixture
async def ada(test_app: TestApp) -> Person:
    return await test_app.person("ada@example.com")


@pytest.mark.parametrize(("change", "state", "result", "error"), STATES)
async def test_the_states_of_a_task(
    test_app: TestApp, ada: Person, change: str, state: str, result: object, error: str | None
) -> None:
    async with test_app.client(ada.headers) as client:
        made = await client.post("/api/v1/tasks/send-email", json=MAIL)
        task = made.json()
        assert (made.status_code, task["status"]) == (200, "PENDING")
        async with test_app.runtime.database.write() as session:
            await session.execute(text(f"UPDATE jobs SET {change}"))  # noqa: S608 - constants
        found = (await client.get(f"/api/v1/tasks/task-status/{task['task_id']}")).json()
    assert found == {"task_id": task["task_id"], "status": state, "result": result, "error": error}


async def test_a_task_is_revoked(test_app: TestApp, ada: Person) -> None:
    async with test_app.client(ada.headers) as client:
        task = (await client.post("/api/v1/tasks/send-email", json=MAIL)).json()["task_id"]
        revoked = await client.delete(f"/api/v1/tasks/task/{task}")
        assert (revoked.status_code, revoked.json()) == (200, {"message": "Task revoked"})
        assert (await client.get(f"/api/v1/tasks/task-status/{task}")).json()["status"] == "REVOKED"
    assert await test_app.deliver() == []


async def test_the_plan_limits_tasks_that_have_not_ended(test_app: TestApp, ada: Person) -> None:
    async with test_app.client(ada.headers) as client:
        statuses = [
            (await client.post("/api/v1/tasks/send-email", json=MAIL)).status_code
            for _ in range(FREE.caps.concurrent_jobs)
        ]
        assert set(statuses) == {200}
        refused = await client.post("/api/v1/tasks/send-email", json=MAIL)
    assert refused.status_code == 409
    assert refused.json() == {"detail": TooManyJobs.detail}
