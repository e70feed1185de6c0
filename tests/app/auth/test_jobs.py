"""The jobs of registration and reset."""

from typing import Any

import orjson
from pydantic import SecretStr
from sqlalchemy import text

from app.auth.job_names import JOBS, SEND_TOKEN
from app.auth.jobs import AuthJobs
from app.auth.repository import PendingRegistrationRepository
from app.kit.clock import utc_now
from app.settings.auth import AuthSettings
from tests.support.app import PASSWORD, TestApp

ADDRESS = "ada@example.com"


def handlers(test_app: TestApp, signing_key: SecretStr | None = None) -> dict[str, Any]:
    settings = test_app.runtime.settings
    key = signing_key or settings[AuthSettings].signing_key
    assert key is not None
    return dict(AuthJobs.build(test_app.runtime.database, test_app.outbox, key, settings).handlers)


async def register(test_app: TestApp, email: str = ADDRESS) -> None:
    body = {"email": email, "password": PASSWORD, "display_name": "Ada"}
    async with test_app.client() as client:
        assert (await client.post("/api/v2/auth/registrations", json=body)).status_code == 202


async def test_a_failed_mail_is_sent_again_with_the_same_token(test_app: TestApp) -> None:
    """The decision is not repeated: a second one within a minute would mail nothing."""
    await register(test_app)
    ((name, payload),) = await test_app.queued_jobs()
    jobs = handlers(test_app)
    await jobs[name](orjson.loads(payload))
    ((name, payload),) = await test_app.queued_jobs()
    assert name == SEND_TOKEN
    for _ in range(2):
        await jobs[name](orjson.loads(payload))
    first, second = test_app.outbox.mails
    assert first == second


async def test_every_job_has_a_handler(test_app: TestApp) -> None:
    built = handlers(test_app)
    assert set(built) == set(JOBS)


async def test_a_request_that_another_signing_key_encrypted_is_dropped(test_app: TestApp) -> None:
    await test_app.person(ADDRESS)
    other = SecretStr("another signing key, of 32 bytes and more")
    jobs = handlers(test_app, other)
    async with test_app.client() as client:
        await client.post("/api/v2/auth/password-resets", json={"email": ADDRESS})
    ((name, payload),) = await test_app.queued_jobs()
    assert ADDRESS.encode() not in payload
    await jobs[name](orjson.loads(payload))
    assert await test_app.deliver() == []


async def test_the_purge_deletes_expired_registrations_only(test_app: TestApp) -> None:
    await register(test_app)
    await register(test_app, "bob@example.com")
    async with test_app.runtime.database.write() as session:
        repository = PendingRegistrationRepository(session)
        assert await repository.purge(utc_now()) == 0
        expired = (
            "UPDATE pending_registrations SET expires_at = now() - interval '1 second' WHERE email = 'bob@example.com'"
        )
        await session.execute(text(expired))
        assert await repository.purge(utc_now()) == 1
        left = await session.scalars(text("SELECT email FROM pending_registrations"))
        assert left.all() == [ADDRESS]
