"""A long transaction does not stop time: SQL ``now()`` would, since it is the start of the transaction.

``test_app`` runs everything in one transaction, so each test opens it, lets time pass and then acts.
"""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.access.commands import KeyDraft
from app.access.errors import InvalidCredentials
from app.access.reader import PrincipalResolver
from app.access.service import ApiKeyService
from app.auth import token_mails
from app.kit.clock import utc_now
from app.models import ActionToken
from app.users.queries import UserQueries
from tests.support.app import PASSWORD, TestApp

ADDRESS = "ada@example.com"


async def test_a_key_expires_inside_a_transaction(test_app: TestApp) -> None:
    ada = await test_app.person(ADDRESS)
    database = test_app.runtime.database
    async with database.write() as session:
        draft = KeyDraft(ada.user.id, "short", ["posts:read"], expires_at=utc_now() + timedelta(seconds=1))
        _, key = await ApiKeyService(session).create(draft)
    resolver = PrincipalResolver(database.reads)
    assert (await resolver.by_key(key)).user_id == ada.user.id

    await asyncio.sleep(1.1)

    with pytest.raises(InvalidCredentials):
        await resolver.by_key(key)


async def test_the_pause_between_mails_counts_from_the_mail(test_app: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_mails, "_PAUSE", timedelta(seconds=2))
    await test_app.person(ADDRESS, verified=False)

    await asyncio.sleep(2.1)
    async with test_app.client() as client:
        for _ in range(2):
            await client.post("/api/v2/auth/verifications/resend", json={"email": ADDRESS})
    await test_app.deliver()

    async with test_app.runtime.database.write() as session:
        assert await session.scalar(select(func.count()).select_from(ActionToken)) == 1


async def test_a_session_started_inside_a_transaction_has_its_own_times(test_app: TestApp) -> None:
    ada = await test_app.person(ADDRESS)
    await asyncio.sleep(0.2)
    async with test_app.client() as client:
        form = {"username": ADDRESS, "password": PASSWORD, "grant_type": "password"}
        token = (await client.post("/api/v2/auth/token", data=form)).json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        (session,) = (await client.get("/api/v2/auth/sessions", headers=bearer)).json()["data"]

    user = await UserQueries(test_app.runtime.database.reads).get(ada.user.id)
    assert user is not None
    assert session["created_at"] == session["last_used_at"]
    assert datetime.fromisoformat(session["created_at"]) > user.created_at
