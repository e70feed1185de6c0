"""The jobs of registration and reset."""

from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from structlog.testing import capture_logs

from app.auth.job_names import JOBS, SEND_TOKEN
from app.auth.jobs import jobs
from app.auth.repository import PendingRegistrationRepository
from app.kit.clock import utc_now
from app.kit.queue.schedules import WorkerResources
from app.settings.auth import AuthSettings
from observability.metrics.metrics import Metrics
from tests.support.app import PASSWORD, DirectRun, TestApp

ADDRESS = "ada@example.com"


def handlers(test_app: TestApp, signing_key: SecretStr | None = None) -> dict[str, Any]:
    settings = test_app.runtime.settings
    if signing_key is not None:
        settings = settings.with_groups(settings[AuthSettings].model_copy(update={"signing_key": signing_key}))
    database = test_app.runtime.database
    found = jobs(WorkerResources(settings, database, Metrics(), test_app.outbox, test_app.store))
    return {kind.name: lambda params, run=handler: run(DirectRun(database, params)) for kind, handler in found.items()}


async def register(test_app: TestApp, email: str = ADDRESS) -> None:
    body = {"email": email, "password": PASSWORD, "display_name": "Ada"}
    async with test_app.client() as client:
        assert (await client.post("/api/v2/auth/registrations", json=body)).status_code == 202


async def test_a_failed_mail_is_sent_again_with_the_same_token(test_app: TestApp) -> None:
    """The decision is not repeated: a second one within a minute would mail nothing."""
    await register(test_app)
    ((name, params),) = await test_app.queued_jobs()
    run = handlers(test_app)
    await run[name](params)
    ((name, params),) = await test_app.queued_jobs()
    assert name == SEND_TOKEN.name
    for _ in range(2):
        await run[name](params)
    first, second = test_app.outbox.mails
    assert first == second


async def test_every_job_has_a_handler(test_app: TestApp) -> None:
    built = handlers(test_app)
    assert set(built) == {kind.name for kind in JOBS}


async def test_a_request_that_another_signing_key_encrypted_is_dropped(test_app: TestApp) -> None:
    await test_app.person(ADDRESS)
    other = SecretStr("another signing key, of 32 bytes and more")
    run = handlers(test_app, other)
    async with test_app.client() as client:
        await client.post("/api/v2/auth/password-resets", json={"email": ADDRESS})
    ((name, params),) = await test_app.queued_jobs()
    assert ADDRESS not in str(params)
    with capture_logs() as lines:
        await run[name](params)
    assert [(line["event"], line["log_level"]) for line in lines] == [("mail_request_dropped", "warning")]
    assert await test_app.deliver() == []
    with pytest.raises(KeyError):
        await run[name]({})


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
