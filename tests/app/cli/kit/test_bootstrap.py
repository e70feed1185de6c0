"""The first admin and the first key: created once, and anew when they are not valid for the database."""

import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.access.reader import PrincipalResolver
from app.cli.kit.bootstrap import Credentials, credentials_path, ensure_credentials
from app.cli.kit.consumers import compare_consumers, consumer_names, read_consumers
from app.cli.kit.users import new_password
from app.kit.db.database import Database
from app.settings.database import DatabaseSettings
from app.settings.root import Settings
from tests.support.postgres import clone

BASE = "http://127.0.0.1:8000"


@pytest.fixture
async def dsn(admin_dsn: str) -> str:
    return await clone(admin_dsn, "bootstrap")


def home(settings: Settings, folder: Path, **changed: Any) -> Settings:
    return settings.model_copy(update={"home": folder, **changed})


async def execute(dsn: str, statement: str) -> list[Any]:
    database = await Database.open(dsn, DatabaseSettings())
    async with database.write() as session:
        result = await session.execute(text(statement))
        rows = list(result) if result.returns_rows else []
    await database.close()
    return rows


async def caller(dsn: str, credentials: Credentials) -> Any:
    database = await Database.open(dsn, DatabaseSettings())
    principal = await PrincipalResolver(database.reads).by_key(credentials.api_key)
    await database.close()
    return principal


async def test_valid_credentials_are_kept(settings: Settings, dsn: str, tmp_path: Path) -> None:
    chosen = home(settings, tmp_path)
    first = await ensure_credentials(chosen, dsn, BASE)
    assert (first.admin_email, first.base_url) == ("admin@strata.example", BASE)
    assert len(first.admin_password) >= 20
    assert new_password() != new_password()
    assert first.api_key.startswith("sk_live_")
    principal = await caller(dsn, first)
    assert ("admin" in principal.roles, principal.plan) == (True, "enterprise")
    path = credentials_path(tmp_path)
    path.chmod(0o644)
    assert await ensure_credentials(chosen, dsn, BASE) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    moved = await ensure_credentials(chosen, dsn, f"{BASE}1")
    assert (moved.api_key, moved.base_url) == (first.api_key, f"{BASE}1")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE api_keys SET revoked_at = now()",
        "UPDATE users SET is_active = false",
        "UPDATE users SET email = 'root@strata.example', email_canonical = 'root@strata.example'",
        None,
    ],
    ids=["revoked", "deactivated", "renamed", "damaged file"],
)
async def test_credentials_are_replaced(settings: Settings, dsn: str, tmp_path: Path, change: str | None) -> None:
    chosen = home(settings, tmp_path)
    first = await ensure_credentials(chosen, dsn, BASE)
    if change is None:
        credentials_path(tmp_path).write_text('{"admin_email": ')
    else:
        await execute(dsn, change)
    second = await ensure_credentials(chosen, dsn, BASE)
    assert second.api_key != first.api_key
    principal = await caller(dsn, second)
    assert "admin" in principal.roles
    keys = await execute(dsn, "SELECT u.email, k.revoked_at IS NULL FROM api_keys k JOIN users u ON u.id = k.user_id")
    assert [valid for email, valid in keys if email == second.admin_email].count(True) == 1


async def test_an_admin_who_lost_the_role_gets_it_again_and_other_keys_stay(
    settings: Settings, dsn: str, tmp_path: Path
) -> None:
    chosen = home(settings, tmp_path)
    await ensure_credentials(chosen, dsn, BASE)
    await execute(dsn, "UPDATE users SET roles = '{author}'")
    await execute(
        dsn,
        "INSERT INTO users (uid, email, email_canonical, display_name, password_hash, roles)"
        " SELECT gen_random_uuid(), 'eve@example.com', 'eve@example.com', 'Eve', 'x', '{author}'",
    )
    await execute(dsn, "UPDATE api_keys SET name = 'my own'")
    credentials_path(tmp_path).unlink()
    second = await ensure_credentials(chosen, dsn, BASE)
    assert set((await caller(dsn, second)).roles) == {"author", "admin"}
    keys = await execute(dsn, "SELECT name, revoked_at IS NULL FROM api_keys ORDER BY id")
    assert [tuple(each) for each in keys] == [("my own", True), ("strata up", True)]


SCRAPE = """# TYPE api_consumer_requests_total counter
api_consumer_requests_total{{consumer="a",api_version="one",outcome="success"}} {0}
api_consumer_requests_total{{consumer="a",api_version="two",outcome="rate_limited"}} {1}
api_consumer_requests_total{{consumer="a",api_version="two",outcome="server_error"}} {2}
api_consumer_requests_total{{consumer="b",api_version="two",outcome="success"}} {3}
# TYPE api_consumer_request_seconds_total counter
api_consumer_request_seconds_total{{consumer="a",api_version="one"}} {4}
api_consumer_request_seconds_total{{consumer="b",api_version="two"}} {5}
"""


def test_consumers_between_two_scrapes() -> None:
    before, after = (
        read_consumers(SCRAPE.format(*values)) for values in ((10, 5, 5, 7, 4.0, 1.0), (14, 8, 6, 7, 8.0, 1.0))
    )
    (row,) = compare_consumers(before, after, 2.0, {"a": "Ada"})
    assert (row.consumer, row.name, row.rate, row.limited, row.errors, row.mean) == ("a", "Ada", 4.0, 3 / 8, 1 / 8, 0.5)
    busiest = compare_consumers({}, after, 1.0, {})
    assert [(each.name, each.rate) for each in busiest] == [("a", 28.0), ("b", 7.0)]


async def test_names_of_consumers(settings: Settings, dsn: str, tmp_path: Path) -> None:
    made = await ensure_credentials(home(settings, tmp_path), dsn, BASE)
    database = await Database.open(dsn, DatabaseSettings())
    ((user,),) = await execute(dsn, "SELECT uid::text FROM users")
    ((key,),) = await execute(dsn, "SELECT uid::text FROM api_keys")
    names = await consumer_names([user, key, "anonymous"], database)
    await database.close()
    assert names == {user: made.admin_email, key: f"{made.admin_email} (strata up, {made.api_key[:12]}...)"}
