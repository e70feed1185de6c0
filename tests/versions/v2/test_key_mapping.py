"""What v2 makes of an API key of the core, and commands of the core from requests about keys."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.access.commands import KeyEdit, OwnKeyDraft
from app.access.views import ApiKeyView
from app.kit.unset import UNSET
from tests.versions.views import USER_UID
from versions.kit.typeid import encode
from versions.v2.api_keys import mapping, schemas

KEY_UID = UUID(int=7)
TIMES = [datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 6)]
VIEW = ApiKeyView(KEY_UID, USER_UID, "ci", "sk_live_0000", ["posts:read"], "pro", *TIMES, "rotated")
SHOWN = {
    "id": encode("key", KEY_UID),
    "user_id": encode("usr", USER_UID),
    "name": "ci",
    "hint": "sk_live_0000",
    "mode": "live",
    "scopes": ["posts:read"],
    "plan": "pro",
    "status": "rotated",
    "created_at": TIMES[0],
    "expires_at": TIMES[1],
    "rotated_at": TIMES[2],
    "last_used_at": TIMES[3],
    "early_brownout_until": TIMES[4],
}


def test_a_key() -> None:
    assert mapping.api_key(VIEW).model_dump() == SHOWN
    assert mapping.with_secret(VIEW, "secret").model_dump() == {**SHOWN, "key": "secret"}


@pytest.mark.parametrize(
    ("patch", "edit"),
    [
        ({}, KeyEdit(name=UNSET, early_brownout_until=UNSET)),
        ({"name": "n"}, KeyEdit(name="n", early_brownout_until=UNSET)),
        ({"early_brownout_until": None}, KeyEdit(name=UNSET, early_brownout_until=None)),
        ({"early_brownout_until": "2026-01-01T00:00:00Z"}, KeyEdit(name=UNSET, early_brownout_until=TIMES[0])),
    ],
)
def test_an_edit_has_the_given_members(patch: dict[str, str | None], edit: KeyEdit) -> None:
    assert mapping.edit(schemas.ApiKeyPatch.model_validate(patch)) == edit


def test_a_new_key_and_a_rotation() -> None:
    body = {"name": "ci", "scopes": ["posts:read"], "mode": "test", "expires_at": "2026-02-01T00:00:00Z"}
    assert mapping.draft(schemas.ApiKeyCreate.model_validate(body)) == OwnKeyDraft(
        "ci", ["posts:read"], "test", TIMES[1]
    )
    body = {"name": "ci", "scopes": ["posts:read"]}
    assert mapping.draft(schemas.ApiKeyCreate.model_validate(body)) == OwnKeyDraft("ci", ["posts:read"], "live", None)
    assert mapping.overlap(schemas.Rotation(overlap_seconds=90)) == timedelta(seconds=90)
    assert mapping.overlap(schemas.Rotation()) == timedelta(days=1)
