"""The plan limits the jobs of a user that have not ended."""

import asyncio

from sqlalchemy import text

from tests.support.app import TestApp
from tests.support.limits import FREE

JOBS = "/api/v2/jobs"
BODY = {"type": "email", "params": {"subject": "Done", "text": "It is done."}}
MOST = FREE.caps.concurrent_jobs


async def add(test_app: TestApp, email: str, number: int) -> None:
    """Jobs of a user: some wait, some run."""
    statement = (
        "INSERT INTO jobs (uid, kind, owner_id, params, status) "
        "SELECT gen_random_uuid(), 'email', u.id, '{}', CASE WHEN n % 2 = 0 THEN 'queued' ELSE 'running' END "
        "FROM users u, generate_series(1, :number) n WHERE u.email = :email"
    )
    async with test_app.runtime.database.write() as session:
        await session.execute(text(statement), {"number": number, "email": email})


async def test_the_plan_limits_jobs_that_have_not_ended(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    bob = await test_app.person("bob@example.com")
    await add(test_app, "ada@example.com", MOST)
    async with test_app.client(ada.headers) as client:
        refused = await client.post(JOBS, json=BODY)
        assert (refused.status_code, refused.json()["code"]) == (409, "too_many_jobs")
        async with test_app.runtime.database.write() as session:
            ended = "UPDATE jobs SET status = 'failed', finished_at = now() WHERE id = (SELECT min(id) FROM jobs)"
            await session.execute(text(ended))
        assert (await client.post(JOBS, json=BODY)).status_code == 202
        assert (await client.post(JOBS, json=BODY)).status_code == 409
    async with test_app.client(bob.headers) as client:
        assert (await client.post(JOBS, json=BODY)).status_code == 202, "jobs of others do not count"


async def test_simultaneous_requests_do_not_exceed_the_limit(concurrent_app: TestApp) -> None:
    ada = await concurrent_app.person("ada@example.com")
    await add(concurrent_app, "ada@example.com", MOST - 1)
    async with concurrent_app.client(ada.headers) as client:
        responses = await asyncio.gather(*(client.post(JOBS, json=BODY) for _ in range(4)))
    assert sorted(response.status_code for response in responses) == [202, 409, 409, 409]
