"""Migrations on a separate database: runs wait for each other, and the status is read without writing."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from alembic.util import CommandError as AlembicError

from app.cli.kit.environment import ensure_migrated, migration_status, reachable
from app.cli.kit.output import CommandError
from app.kit.db import migrations
from app.kit.db.locks import lock_ids
from tests.support.postgres import create, drop
from tests.support.waiting import PATIENCE

# Longer than the lock timeout of a migration.
WAIT_SECONDS = 5.5
LOCK = "SELECT pg_advisory_lock({}, {})".format(*lock_ids("migrations"))

SCRIPTS = ScriptDirectory(str(Path(migrations.__file__).parents[2] / "migrations"))
PIECEMEAL = [
    script.revision
    for script in SCRIPTS.walk_revisions()
    if "autocommit_block" in Path(script.path).read_text(encoding="utf-8")
]
"""Migrations of several transactions."""


def query(dsn: str, *statements: str) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return [await connection.fetchval(statement) for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(run())


@pytest.fixture
def empty(admin_dsn: str) -> Iterator[str]:
    """A database without tables."""
    dsn = asyncio.run(create(admin_dsn, "empty"))
    yield dsn
    asyncio.run(drop(admin_dsn, dsn))


def test_the_status_is_read_without_writing_and_without_waiting(empty: str) -> None:
    async def locked() -> migrations.MigrationStatus:
        connection = await asyncpg.connect(empty)
        try:
            await connection.execute(LOCK)
            return await asyncio.wait_for(asyncio.to_thread(migrations.status, empty), PATIENCE)
        finally:
            await connection.close()

    found = asyncio.run(locked())
    assert (found.current, found.pending[-1]) == (None, found.head)
    assert query(empty, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == 0


def test_a_migration_waits_for_a_long_run(empty: str) -> None:
    async def run_beside_the_lock() -> bool:
        connection = await asyncpg.connect(empty)
        try:
            await connection.execute(LOCK)
            with ThreadPoolExecutor(1) as pool:
                waiting = asyncio.wrap_future(pool.submit(migrations.upgrade, empty))
                await asyncio.sleep(WAIT_SECONDS)
                still_waiting = not waiting.done()
                await connection.close()
                await waiting
                return still_waiting
        finally:
            await connection.close()

    assert asyncio.run(run_beside_the_lock())
    assert migrations.status(empty).pending == []
    migrations.check(empty)


@pytest.mark.parametrize("revision", PIECEMEAL)
def test_a_migration_of_several_transactions_runs_again_after_an_interruption(empty: str, revision: str) -> None:
    """It was interrupted after its last commit, before its revision was recorded."""
    migrations.upgrade(empty, revision)
    before = SCRIPTS.get_revision(revision).down_revision
    query(empty, f"UPDATE alembic_version SET version_num = '{before}'")  # noqa: S608 - a revision
    migrations.upgrade(empty, "head")
    assert migrations.status(empty).pending == []
    migrations.check(empty)


def test_a_difference_between_tables_and_models_is_reported(empty: str) -> None:
    with pytest.raises(AlembicError, match="not up to date"):
        migrations.check(empty)
    migrations.upgrade(empty)
    query(empty, "ALTER TABLE posts ADD COLUMN surprise integer")
    with pytest.raises(AlembicError, match="surprise"):
        migrations.check(empty)


def test_an_unknown_revision_is_reported_without_a_traceback(empty: str) -> None:
    migrations.upgrade(empty)
    query(empty, "UPDATE alembic_version SET version_num = 'ffffffffffff'")
    for look in (migration_status, ensure_migrated):
        with pytest.raises(CommandError, match="ffffffffffff") as refused:
            look(empty)
        assert "newer release" in refused.value.advice


NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "aaaaaaaaaaaa"
down_revision = "{head}"


def upgrade():
{body}


def downgrade():
    pass
"""
INDEX = """
    op.execute("SELECT pg_sleep(0.5)")
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = '10min'")
        op.create_index("ix_posts_status", "posts", ["status"], postgresql_concurrently=True)
        op.execute("RESET statement_timeout")
    limits = [op.get_bind().scalar(sa.text(f"SHOW {name}")) for name in ("lock_timeout", "statement_timeout")]
    assert limits == ["5s", "1min"], limits
"""
UPGRADE = """
import sys
from pathlib import Path
from app.kit.db import migrations
from app.kit.db.locks import lock_ids
from tests.support.postgres import create, drop

migrations._SCRIPTS = Path(sys.argv[2])
migrations.upgrade(sys.argv[1])
"""
SLOW = """
    op.execute("SET LOCAL statement_timeout = '50ms'")
    op.execute("SELECT pg_sleep(30)")
"""
LOCKED = """
    op.execute("SET LOCAL lock_timeout = '50ms'")
    op.execute("ALTER TABLE posts ADD COLUMN subtitle text")
"""


@pytest.fixture
def add_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: str) -> Callable[[str], Path]:
    """Migrates the empty database. Adds a migration after the newest one, and returns the folder of all."""
    migrations.upgrade(empty)
    head = migrations.status(empty).head

    def add(body: str) -> Path:
        folder = tmp_path / "migrations"
        shutil.copytree(Path(migrations.__file__).parents[2] / "migrations", folder)
        (folder / "versions" / "next.py").write_text(NEXT.format(head=head, body=body))
        monkeypatch.setattr(migrations, "_SCRIPTS", folder)
        return folder

    return add


def test_an_index_is_created_concurrently_while_another_run_waits(
    empty: str, add_migration: Callable[[str], Path]
) -> None:
    """A run that waited in a transaction would block the index, and the index the run."""
    folder = add_migration(INDEX)
    # Processes: Alembic's state is global.
    runs = [subprocess.Popen([sys.executable, "-c", UPGRADE, empty, str(folder)]) for _ in range(2)]
    assert [run.wait(60) for run in runs] == [0, 0]
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_posts_status'::regclass"
    assert query(empty, valid) is True


@pytest.mark.parametrize("body", [SLOW, LOCKED], ids=["statement", "lock"])
def test_a_timeout_is_reported_in_one_line_and_changes_nothing(
    empty: str, add_migration: Callable[[str], Path], body: str
) -> None:
    add_migration(body)

    async def run_beside_the_lock() -> None:
        connection = await asyncpg.connect(empty)
        try:
            await connection.execute("BEGIN; LOCK TABLE posts IN ACCESS SHARE MODE")
            await asyncio.to_thread(upgrade)
        finally:
            await connection.close()

    def upgrade() -> None:
        with reachable():
            migrations.upgrade(empty)

    with pytest.raises(CommandError) as refused:
        asyncio.run(run_beside_the_lock())
    kind = "statement timeout" if body is SLOW else "lock timeout"
    assert str(refused.value) == f"A migration timed out: canceling statement due to {kind}."
    assert "strata migrate up" in refused.value.advice
    assert migrations.status(empty).pending == ["aaaaaaaaaaaa"]
