"""``strata users`` and ``strata keys``: what each option changes, and what is printed."""

import json
import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from app.access.permissions import key_scopes
from app.access.views import status_of
from app.cli.kit.output import CommandError
from app.cli.users import _minute
from app.cli.users import _state as state_of_user
from app.kit.clock import utc_now
from tests.support.commands import Run

ADA = "ada@example.com"


def loaded(run: Run, *arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def test_users_are_created_listed_and_changed(run: Run) -> None:
    made = loaded(run, "users", "create", ADA)
    assert (made["email"], made["display_name"], made["roles"]) == (ADA, "ada", ["author"])
    assert (made["is_active"], made["is_verified"]) == (True, True)
    assert len(made["password"]) >= 20
    chosen = loaded(
        *(run, "users", "create", "eve@example.com", "--name", "Eve", "--password", "12345678"),
        *("--role", "admin", "--role", "moderator"),
    )
    assert (chosen["display_name"], chosen["roles"], chosen["password"]) == ("Eve", ["admin", "moderator"], "12345678")
    assert [each["email"] for each in loaded(run, "users", "list")] == [ADA, "eve@example.com"]
    assert [each["email"] for each in loaded(run, "users", "list", "--limit", "1")] == [ADA]
    assert [each["email"] for each in loaded(run, "users", "list", "--skip", "1")] == ["eve@example.com"]
    assert "1 of 2" in run("users", "list", "--limit", "1")
    assert " of " not in run("users", "list")
    assert loaded(run, "users", "roles", ADA, "--role", "moderator")["roles"] == ["moderator"]
    assert run("users", "deactivate", str(made["id"]), "--yes") == (
        f"{ADA} (id {made['id']}): deactivated, roles moderator\n"
    )
    assert run("users", "activate", ADA) == f"{ADA} (id {made['id']}): active, roles moderator\n"
    assert run("users", "password", ADA, "--password", "another one", "--yes").endswith("Password: another one\n")
    assert run("users", "delete", ADA, "--yes") == f"Deleted: {ADA}\n"
    assert [each["email"] for each in loaded(run, "users", "list")] == ["eve@example.com"]


def test_a_new_password_is_the_one_that_is_printed(run: Run) -> None:
    loaded(run, "users", "create", ADA, "--role", "admin")
    first, second = (loaded(run, "users", "password", ADA, "--yes")["password"] for _ in range(2))
    assert first != second
    assert re.fullmatch(r"[\w-]{20,}", second)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("users", "create", "ada"), "EMAIL must be an e-mail address, got 'ada'."),
        (("users", "create", "@example.com"), "EMAIL must be an e-mail address, got '@example.com'."),
        (("users", "create", ADA, "--password", "1234567"), "PASSWORD must have 8 to 100 characters, got 7."),
        (("users", "create", ADA, "--password", "x" * 101), "PASSWORD must have 8 to 100 characters, got 101."),
        (("users", "roles", ADA), "At least one role is required."),
        (("users", "activate", "99"), "There is no user 99."),
        (("users", "activate", "\u0663"), "There is no user \u0663."),
        (("users", "delete", "eve@example.com", "--yes"), "There is no user eve@example.com."),
        (("keys", "create", "eve@example.com"), "There is no user eve@example.com."),
        (("keys", "revoke", "usr_01kb0000000000000000000000", "--yes"), "ID must be the id of a key, got"),
        (("keys", "brownout", "key"), "ID must be the id of a key, got 'key'."),
    ],
)
def test_what_is_rejected(run: Run, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError, match=re.escape(message)):
        run(*arguments)


def test_keys_have_the_chosen_scopes_plan_and_lifetime(run: Run) -> None:
    loaded(run, "users", "create", ADA)
    before = utc_now()
    every = loaded(run, "keys", "create", ADA)
    assert every["key"].startswith("sk_live_")
    assert (every["owner"], every["name"], every["plan"]) == (ADA, "command line", "free")
    assert (every["scopes"], every["expires_at"]) == (sorted(key_scopes()), None)
    some = loaded(
        *(run, "keys", "create", ADA, "--name", "CI", "--scope", "posts:read", "--scope", "profile:read"),
        *("--mode", "live", "--plan", "pro", "--days", "2"),
    )
    assert some["key"].startswith("sk_live_")
    assert (some["name"], some["plan"], some["scopes"]) == ("CI", "pro", ["posts:read", "profile:read"])
    expiry = datetime.fromisoformat(some["expires_at"])
    assert timedelta(0) <= expiry - before - timedelta(days=2) < timedelta(minutes=10)
    first, second = loaded(run, "keys", "list")
    assert (first["id"], second["id"]) == (some["id"], every["id"]), "newest first"
    rows = run("keys", "list").splitlines()
    assert "posts:read, profile:read" in rows[1]
    assert " all " in rows[2]
    assert all(key not in "".join(rows) for key in (some["key"], every["key"]))
    run("keys", "revoke", some["id"], "--yes")
    assert [each["state"] for each in loaded(run, "keys", "list")] == ["revoked", "active"]


@pytest.mark.parametrize(("options", "hours"), [((), 24), (("--overlap-hours", "3"), 3), (("--overlap-hours", "0"), 0)])
def test_a_replaced_key_stays_valid_for_the_overlap(run: Run, options: tuple[str, ...], hours: int) -> None:
    loaded(run, "users", "create", ADA)
    before = utc_now()
    rotated = loaded(run, "keys", "rotate", loaded(run, "keys", "create", ADA)["id"], *options)
    until = datetime.fromisoformat(rotated["replaced_key_expires_at"])
    assert timedelta(0) <= until - before - timedelta(hours=hours) < timedelta(minutes=10)
    assert [each["expires_at"] for each in loaded(run, "keys", "list")] == [None, rotated["replaced_key_expires_at"]]


def test_a_brownout_of_a_key_has_an_end_and_can_be_ended(run: Run) -> None:
    loaded(run, "users", "create", ADA)
    key = loaded(run, "keys", "create", ADA)["id"]
    before = utc_now()
    until = datetime.fromisoformat(loaded(run, "keys", "brownout", key, "--hours", "3")["early_brownout_until"])
    assert timedelta(0) <= until - before - timedelta(hours=3) < timedelta(minutes=10)
    assert loaded(run, "keys", "list")[0]["early_brownout_until"] is not None
    assert loaded(run, "keys", "brownout", key, "--hours", "0")["early_brownout_until"] is None
    assert run("keys", "brownout", key, "--hours", "0") == f"{key}: deprecated versions serve it again.\n"
    assert loaded(run, "keys", "list")[0]["early_brownout_until"] is None


def test_states_and_times_in_tables() -> None:
    now = utc_now()
    for revoked, rotated, expires, state in (
        (None, None, None, "active"),
        (None, None, now + timedelta(hours=1), "active"),
        (None, now, now + timedelta(hours=1), "rotated"),
        (None, now, now - timedelta(seconds=1), "expired"),
        (None, None, now - timedelta(seconds=1), "expired"),
        (now, now, now - timedelta(seconds=1), "revoked"),
    ):
        assert status_of(revoked, expires, rotated, now) == state
    for active, verified, state in (
        (True, True, "active"),
        (True, False, "unverified"),
        (False, False, "deactivated"),
    ):
        user: Any = SimpleNamespace(is_active=active, is_verified=verified)
        assert state_of_user(user) == state
    assert (_minute(None), _minute(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))) == ("-", "2026-01-02 03:04")
