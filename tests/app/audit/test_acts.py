"""Which acts the audit trail contains, and that it contains no secrets and no personal data."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from app.access.principal import Role
from app.access.service import ApiKeyService
from app.kit.clock import utc_now
from app.lifecycle.commands import RetirementPolicy
from app.lifecycle.service import LifecycleService
from app.lifecycle.version import Window
from tests.support.app import PASSWORD, TestApp
from tests.support.registries import DEPRECATED
from tests.support.writes import audited
from versions.kit.typeid import encode

NEW_PASSWORD = "another horse battery"


async def acts(test_app: TestApp) -> list[tuple[str, Any]]:
    """The acts so far with their details."""
    return [(row.action, row.detail) for row in await audited(test_app)]


async def test_sensitive_changes_of_a_user(test_app: TestApp) -> None:
    root = await test_app.person("root@example.com", Role.ADMIN)
    ada = await test_app.person("ada@example.com")
    session = await test_app.session(root)
    url = f"/api/v2/users/{encode('usr', ada.user.uid)}"
    async with test_app.client(session) as admin:
        for body in (
            {"email": "lovelace@example.com"},
            {"is_active": False},
            {"is_active": True},
            {"display_name": "Ada Lovelace"},
        ):
            assert (await admin.patch(url, json=body)).status_code == 200
    rows = (await audited(test_app))[1:]
    assert [(row.action, row.detail) for row in rows] == [
        ("user.email_changed", {}),
        ("user.activity_changed", {"is_active": False}),
        ("user.activity_changed", {"is_active": True}),
    ]
    assert {(row.actor, row.target) for row in rows} == {(root.user.uid, f"user:{ada.user.uid}")}
    assert "lovelace" not in orjson.dumps([row.detail for row in rows]).decode().lower()


async def test_a_rejected_proof_is_recorded_although_the_request_changes_nothing(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    body = {"current_password": "a wrong password", "password": NEW_PASSWORD}
    async with test_app.client(await test_app.session(ada)) as client:
        headers = {"Idempotency-Key": "once"}
        for _ in range(2):
            rejected = await client.put("/api/v2/me/password", json=body, headers=headers)
            assert rejected.json()["code"] == "wrong_password"
        right = body | {"current_password": PASSWORD}
        assert (await client.put("/api/v2/me/password", json=right, headers=headers)).status_code == 204
    rows = (await audited(test_app))[1:]
    assert [(row.action, row.outcome, row.detail) for row in rows] == [
        ("user.reauthentication", "rejected", {"reason": "wrong_password"}),
        ("user.reauthentication", "rejected", {"reason": "wrong_password"}),
        ("user.password_changed", "success", {}),
    ]
    assert PASSWORD not in repr(rows)
    assert NEW_PASSWORD not in repr(rows)


@pytest.mark.parametrize(
    ("change", "reason"), [("is_active", "account_deactivated"), ("is_verified", "email_not_verified")]
)
async def test_a_sign_in_that_the_state_of_the_user_rejects(test_app: TestApp, change: str, reason: str) -> None:
    ada = await test_app.person("ada@example.com", verified=change != "is_verified")
    async with test_app.runtime.database.write() as session:
        user = await session.merge(ada.user)
        setattr(user, change, False)
    async with test_app.client() as client:
        form = {"grant_type": "password", "username": "ada@example.com", "password": PASSWORD}
        await client.post("/api/v2/auth/token", data=form)
    (row,) = await audited(test_app)
    assert (row.action, row.outcome, row.detail) == ("user.sign_in", "rejected", {"reason": reason})
    assert (row.actor, row.target) == (None, f"user:{ada.user.uid}")


async def test_acts_of_operators_have_neither_actor_nor_address(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    (version, *_) = DEPRECATED
    start = utc_now() + timedelta(days=30)
    window = Window(start, start + timedelta(hours=1))
    async with test_app.runtime.database.write() as session:
        service = LifecycleService(session)
        await service.schedule(version, window)
        await service.cancel(version, window)
        await service.consent(version, ada.user.id, "ticket 1")
        await service.withdraw(version, ada.user.id)
        end = version.sunset_at
        assert end is not None
        await service.consent(version, ada.user.id, "ticket 1")
        assert await service.retire(version, RetirementPolicy(), end + timedelta(days=1))
        keys = ApiKeyService(session)
        await keys.set_early_brownout(ada.key_uid, start)
        _, successor, _ = await keys.rotate(ada.key_uid, timedelta(0))
        await keys.revoke(successor.uid)
    rows = await audited(test_app)
    assert [row.action for row in rows] == [
        "version.brownout_scheduled",
        "version.brownouts_cancelled",
        "version.consent_recorded",
        "version.consent_withdrawn",
        "version.consent_recorded",
        "version.retired",
        "api_key.updated",
        "api_key.rotated",
        "api_key.revoked",
    ]
    assert {(row.actor, row.address, row.request_id, row.outcome) for row in rows} == {(None, None, None, "success")}
    assert rows[2].detail == {"user": str(ada.user.uid)}, "the note of an operator can name a person"
    assert ada.key not in orjson.dumps([row.detail for row in rows]).decode()
