"""A queued mail is sent only while its token is valid, and a second revocation keeps the time of the first."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.auth.job_names import SEND_TOKEN
from app.kit.clock import utc_now
from tests.support.app import PASSWORD, TestApp

ADDRESS = "ada@example.com"


async def fetch(test_app: TestApp, statement: str, *values: object) -> Any:
    async with test_app.runtime.database.write() as session:
        return await (await session.driver()).fetchval(statement, *values)


async def queued_token(test_app: TestApp) -> UUID:
    """The uid of a reset token whose mail is due."""
    async with test_app.client() as client:
        assert (await client.post("/api/v2/auth/password-resets", json={"email": ADDRESS})).status_code == 202
    await test_app.deliver()
    found: UUID = await fetch(test_app, "SELECT uid FROM action_tokens")
    return found


@pytest.mark.parametrize(
    ("change", "sent"),
    [
        ("used_at = NULL", 1),
        ("used_at = now()", 0),
        ("expires_at = now() - interval '1 second'", 0),
        (None, 0),
    ],
    ids=["valid", "used or replaced", "expired", "deleted"],
)
async def test_a_mail_of_a_token(test_app: TestApp, change: str | None, sent: int) -> None:
    await test_app.person(ADDRESS)
    uid = await queued_token(test_app)
    await fetch(test_app, "DELETE FROM action_tokens" if change is None else f"UPDATE action_tokens SET {change}")  # noqa: S608 - a constant
    await test_app.job_handlers()[SEND_TOKEN.name]({"token": str(uid)})
    assert len(test_app.outbox.mails) == sent


async def test_a_reused_refresh_token_keeps_the_time_of_the_revocation(test_app: TestApp) -> None:
    await test_app.person(ADDRESS)
    form = {"grant_type": "password", "username": ADDRESS, "password": PASSWORD}
    first = utc_now() - timedelta(hours=1)
    async with test_app.client() as client:
        token = (await client.post("/api/v2/auth/token", data=form)).json()["refresh_token"]
        grant = {"grant_type": "refresh_token", "refresh_token": token}
        assert (await client.post("/api/v2/auth/token", data=grant)).status_code == 200
        await fetch(test_app, "UPDATE refresh_tokens SET spent_at = spent_at - interval '1 minute'")
        await fetch(test_app, "UPDATE sessions SET revoked_at = $1", first)
        last = await fetch(test_app, "SELECT max(id) FROM events")
        assert (await client.post("/api/v2/auth/token", data=grant)).status_code == 401
        assert (await client.post("/api/v2/auth/revoke", data={"token": token})).status_code == 200
    assert await fetch(test_app, "SELECT revoked_at FROM sessions") == first
    assert await fetch(test_app, "SELECT max(id) FROM events") == last, "nothing happened"
