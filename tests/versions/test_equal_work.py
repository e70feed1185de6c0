"""Neither a response nor its duration reveals whether an address belongs to a user."""

import pytest
from sqlalchemy import text

from tests.support.app import PASSWORD, TestApp
from tests.support.dialects import DIALECTS
from tests.support.dialects.dialect import Dialect
from tests.support.statements import statements

REQUESTS = {
    "reset": ("/api/v2/auth/password-resets", {}),
    "resend": ("/api/v2/auth/verifications/resend", {}),
    "registration": ("/api/v2/auth/registrations", {"password": PASSWORD, "display_name": "Ada"}),
}


async def register(test_app: TestApp) -> None:
    """Register pending@example.com and send its mail."""
    body = {"email": "pending@example.com", "password": PASSWORD, "display_name": "P"}
    async with test_app.client() as client:
        await client.post("/api/v2/auth/registrations", json=body)
    await test_app.deliver()


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_request_does_the_same_work_for_every_address(test_app: TestApp, name: str) -> None:
    """The same statements, jobs and response whether or not the address belongs to a user."""
    await test_app.person("known@example.com")
    await test_app.person("changed@example.com", verified=False)
    await test_app.person("gone@example.com")
    async with test_app.runtime.database.write() as session:
        await session.execute(text("UPDATE users SET is_active = false WHERE email = 'gone@example.com'"))
    await register(test_app)
    path, members = REQUESTS[name]
    seen = {}
    async with test_app.client() as client:
        for label in ("warm-up", "unknown", "known", "changed", "gone", "pending"):
            async with statements(test_app) as executed:
                response = await client.post(path, json={"email": f"{label}@example.com"} | members)
            jobs = [job for job, _ in await test_app.queued_jobs()]
            seen[label] = (response.status_code, response.content, tuple(executed), tuple(jobs))
    seen.pop("warm-up")
    assert len(set(seen.values())) == 1, seen
    status, _, executed, jobs = seen["unknown"]
    assert (status, len(jobs)) == (202, 1)
    assert len(executed) == {"reset": 2, "resend": 2, "registration": 3}[name]


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
async def test_a_sign_in_does_the_same_work_for_every_address(test_app: TestApp, dialect: Dialect) -> None:
    await test_app.person("known@example.com")
    await register(test_app)
    seen = {}
    async with test_app.client() as client:
        for label in ("known", "pending", "unknown"):
            async with statements(test_app) as executed:
                guess = dialect.login(f"{label}@example.com", "wrong password")
                assert (await guess.send(client)).status_code == 401
            seen[label] = tuple(executed)
    assert len(set(seen.values())) == 1, seen
