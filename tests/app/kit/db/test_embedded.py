"""The embedded server: its data survives crashes and restarts, and it changes nothing outside its folders."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import pytest

from app.kit.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from app.kit.db.embedded_layout import resolve_layout
from tests.support.waiting import PATIENCE


def query(dsn: str, sql: str) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(run())


def server_pid(server: EmbeddedPostgres) -> int:
    return int((resolve_layout(server.home).data / "postmaster.pid").read_text().split("\n", 1)[0])


class ServerFactory(Protocol):
    def __call__(self, home: Path, *, durable: bool = False) -> EmbeddedPostgres: ...


@pytest.fixture
def make_server() -> Iterator[ServerFactory]:
    servers: list[EmbeddedPostgres] = []

    def make(home: Path, *, durable: bool = False) -> EmbeddedPostgres:
        servers.append(EmbeddedPostgres(home, durable=durable))
        return servers[-1]

    yield make
    for server in servers:
        server.destroy()


@pytest.fixture
def server(make_server: ServerFactory, tmp_path: Path) -> EmbeddedPostgres:
    return make_server(tmp_path / "home")


def test_data_survives_a_restart(server: EmbeddedPostgres) -> None:
    assert not server.running()
    dsn = server.start()
    assert server.running()
    assert query(dsn, "SELECT current_database()") == "strata"
    query(dsn, "CREATE TABLE kept AS SELECT 42 AS value")
    server.stop()
    assert not server.running()
    server.stop()
    assert query(server.start(), "SELECT value FROM kept") == 42


def test_text_is_compared_by_the_unicode_rules_of_the_server(server: EmbeddedPostgres) -> None:
    dsn = server.start()
    assert query(dsn, "SELECT datlocale FROM pg_database WHERE datname = 'strata'") == "C.UTF-8"
    assert query(dsn, "SELECT lower('ÉTÉ')") == "été"
    assert query(dsn, "SELECT to_tsvector('simple', 'café—“bar”') @@ 'bar'::tsquery")


def test_listens_on_a_private_socket_only(server: EmbeddedPostgres) -> None:
    dsn = server.start()
    assert query(dsn, "SHOW listen_addresses") == ""
    folder = Path(query(dsn, "SHOW unix_socket_directories").strip('"'))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_starting_a_running_server_finds_it(server: EmbeddedPostgres) -> None:
    dsn = server.start()
    pid = server_pid(server)
    assert EmbeddedPostgres(server.home, durable=False).start() == dsn
    assert server_pid(server) == pid


def test_committed_data_survives_a_killed_server(make_server: ServerFactory, tmp_path: Path) -> None:
    server = make_server(tmp_path, durable=True)
    dsn = server.start()
    names = "'fsync', 'full_page_writes', 'synchronous_commit', 'max_connections', 'TimeZone', 'log_timezone'"
    settings = query(dsn, f"SELECT json_object_agg(name, setting) FROM pg_settings WHERE name IN ({names})")  # noqa: S608 - of this test
    durable = dict.fromkeys(("fsync", "full_page_writes", "synchronous_commit"), "on")
    assert json.loads(settings) == {**durable, "max_connections": "200", "TimeZone": "UTC", "log_timezone": "UTC"}
    query(dsn, "CREATE TABLE kept AS SELECT 42 AS value")
    os.kill(server_pid(server), signal.SIGKILL)
    assert query(server.start(), "SELECT value FROM kept") == 42


def test_a_pid_file_of_a_foreign_process_does_not_prevent_the_start(server: EmbeddedPostgres) -> None:
    server.start()
    path = resolve_layout(server.home).data / "postmaster.pid"
    lines = path.read_text().split("\n")
    server.stop()
    path.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    if (owner := resolve_layout(server.home).owner) is not None:
        os.chown(path, *owner)
    assert not server.running()
    server.start()
    assert server.running()


def test_server_whose_socket_was_removed_is_restarted(server: EmbeddedPostgres) -> None:
    dsn = server.start()
    pid = server_pid(server)
    (resolve_layout(server.home).socket_folder / ".s.PGSQL.5432").unlink()
    assert query(server.start(), "SELECT 1") == 1
    assert server.dsn() == dsn
    assert server_pid(server) != pid


def test_interrupted_initialisation_is_repeated(server: EmbeddedPostgres) -> None:
    script = (
        "import sys; from pathlib import Path; from app.kit.db.embedded import EmbeddedPostgres;"
        "EmbeddedPostgres(Path(sys.argv[1])).start()"
    )
    folder = resolve_layout(server.home).folder
    with subprocess.Popen([sys.executable, "-c", script, str(server.home)], start_new_session=True) as process:
        deadline = time.monotonic() + PATIENCE
        while not any(folder.glob("initdb-*/*")) and time.monotonic() < deadline:
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
    assert not resolve_layout(server.home).data.exists()
    assert query(server.start(), "SELECT 1") == 1
    assert not any(folder.glob("initdb-*"))


def test_permissions_of_other_folders_are_unchanged(make_server: ServerFactory, tmp_path: Path) -> None:
    outer = tmp_path / "private"
    outer.mkdir(mode=0o700)
    around = [outer, *outer.parents, *Path(sys.executable).parents, Path("/var/lib")]
    before = [(path, path.stat().st_mode, path.stat().st_uid) for path in around]
    server = make_server(outer / "home")
    server.start()
    server.stop()
    assert [(path, path.stat().st_mode, path.stat().st_uid) for path in around] == before
    assert stat.S_IMODE(server.home.stat().st_mode) == 0o700


def test_two_homes_run_side_by_side(make_server: ServerFactory, tmp_path: Path) -> None:
    first, second = make_server(tmp_path / "first"), make_server(tmp_path / "second")
    query(first.start(), "CREATE TABLE kept AS SELECT 1 AS value")
    query(second.start(), "CREATE TABLE kept AS SELECT 2 AS value")
    first.stop()
    assert second.running()
    assert query(second.dsn(), "SELECT value FROM kept") == 2
    assert query(first.start(), "SELECT value FROM kept") == 1


@pytest.mark.parametrize("name", ['it\'s a $HOME, "quoted": 100%', "long" * 40])
def test_home_may_have_any_name(make_server: ServerFactory, tmp_path: Path, name: str) -> None:
    server = make_server(tmp_path / name)
    assert query(server.start(), "SELECT 1") == 1


def test_a_removed_home_starts_with_an_empty_database(server: EmbeddedPostgres) -> None:
    query(server.start(), "CREATE TABLE kept AS SELECT 42 AS value")
    subprocess.run(["rm", "-r", str(server.home)], check=True)
    assert query(server.start(), "SELECT to_regclass('kept')") is None


def test_failure_shows_the_log_and_what_to_do(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    (resolve_layout(server.home).data / "postgresql.conf").write_text("shared_buffers = nonsense\n")
    with pytest.raises(EmbeddedPostgresError) as failure:
        server.start()
    assert "nonsense" in str(failure.value)
    assert "STRATA_DATABASE__URL" in str(failure.value)
