"""Every command: help, exit codes, JSON output."""

import asyncio
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import typer

from app.cli.program import program
from app.kit.db import migrations
from tests.support.live import Strata, free_port
from tests.support.postgres import clone
from tests.support.redis import IN_MEMORY, REDIS_URL, running_redis
from tests.support.registries import DEPRECATED
from tests.support.waiting import PATIENCE
from versions.registry import VERSIONS


def leaves(command: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    children = getattr(command, "commands", {})
    if not children:
        return [(path, command)]
    return [leaf for name, child in children.items() for leaf in leaves(child, (*path, name))]


COMMANDS = leaves(typer.main.get_command(program))


@pytest.fixture
async def strata(admin_dsn: str, tmp_path: Path) -> Strata:
    home = tmp_path / "home"
    home.mkdir()
    return Strata(home, await clone(admin_dsn, "cli"))


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(path) for path, _ in COMMANDS])
def test_a_command_and_its_parameters_have_help_texts(path: tuple[str, ...], command: Any) -> None:
    assert command.help, path
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{path}: {parameter.name}"


def test_all_commands_exist() -> None:
    names = {path[0] for path, _ in COMMANDS}
    assert names >= {
        *(
            "up",
            "serve",
            "worker",
            "migrate",
            "seed",
            "users",
            "keys",
            "mail",
            "traces",
            "versions",
            "contract",
            "doctor",
        ),
    }


async def test_the_exit_code_is_2_for_wrong_usage_and_1_for_a_failure(strata: Strata) -> None:
    assert strata.run("serve", "--workers", "0", expect=2).stdout == ""
    failed = strata.run("keys", "create", "nobody@example.com", expect=1)
    assert failed.stderr.startswith("Error: There is no user nobody@example.com.")
    assert "strata users list" in failed.stderr


async def test_users_and_keys(strata: Strata) -> None:
    strata.run("users", "create", "ada@example.com", "--role", "author")
    listed = strata.json("users", "list")
    assert [user["email"] for user in listed] == ["ada@example.com"]
    created = strata.json("keys", "create", "ada@example.com", "--scope", "posts:read", "--plan", "pro")
    assert created["key"].startswith("sk_live_")
    assert (created["scopes"], created["plan"]) == (["posts:read"], "pro")
    rotated = strata.json("keys", "rotate", created["id"], "--overlap-hours", "48")
    listed = {key["id"]: key for key in strata.json("keys", "list")}
    successor, replaced = listed[rotated["id"]], listed[created["id"]]
    assert (successor["state"], successor["scopes"], successor["plan"]) == ("active", ["posts:read"], "pro")
    assert (replaced["state"], replaced["expires_at"]) == ("rotated", rotated["replaced_key_expires_at"])
    failed = strata.run("keys", "rotate", created["id"], expect=1)
    assert failed.stderr.startswith("Error: This API key was rotated before. Rotate its successor.")
    strata.run("keys", "revoke", created["id"], "--yes")
    assert [key["state"] for key in strata.json("keys", "list")] == ["active", "revoked"]
    shown = strata.run("keys", "list").stdout
    assert not any(key in shown for key in (created["key"], rotated["key"]))


async def test_pending_registrations(strata: Strata) -> None:
    assert strata.json("users", "pending") == []
    connection = await asyncpg.connect(strata.environment["STRATA_DATABASE__URL"])
    await connection.execute(
        "INSERT INTO pending_registrations"
        " (uid, email, email_canonical, display_name, password_hash, digest, expires_at)"
        " SELECT gen_random_uuid(), name, name, 'Name of ' || name, 'hash', name::bytea, now() + hours * interval '1 h'"
        " FROM (VALUES ('expired@example.com', -1), ('ada@example.com', 1)) AS registered (name, hours)"
    )
    await connection.close()
    (listed,) = strata.json("users", "pending")
    assert (listed["email"], listed["display_name"]) == ("ada@example.com", "Name of ada@example.com")
    assert "password_hash" not in listed
    assert "ada@example.com" in strata.run("users", "pending").stdout


async def test_versions_and_contracts(strata: Strata) -> None:
    names = [version.name for version in VERSIONS]
    assert [version["name"] for version in strata.json("versions", "list")] == names
    checked = strata.json("contract", "check")["versions"]
    assert {name: version["failed"] for name, version in checked.items()} == dict.fromkeys(names, False)


async def test_migrations_are_reverted_and_applied_again(strata: Strata) -> None:
    dsn = strata.environment["STRATA_DATABASE__URL"]
    status = strata.json("migrate", "status")
    assert (status["pending"], status["current"]) == ([], status["head"])
    strata.run("migrate", "check")
    strata.run("migrate", "down", "base", "--yes")
    assert "not up to date" in strata.run("migrate", "check", expect=1).stderr
    pending = strata.json("migrate", "status", expect=1)["pending"]
    assert pending[-1] == status["head"]
    rejected = strata.run("users", "list", expect=1)
    assert "strata migrate up" in rejected.stderr
    doctor = diagnose(strata, expect=1)
    assert doctor["migrations"]["verdict"] == "fail"
    assert "strata migrate up" in doctor["migrations"]["advice"]
    # Concurrent runs wait for each other.
    await asyncio.gather(*(asyncio.to_thread(strata.run, "migrate", "up") for _ in range(2)))
    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("SELECT count(*) FROM role_permissions") > 0
    await connection.close()
    await asyncio.to_thread(migrations.check, dsn)


def texts(value: Any) -> Iterator[str]:
    """The strings in a JSON value."""
    match value:
        case str():
            yield value
        case list():
            yield from (text for one in value for text in texts(one))
        case dict():
            yield from (text for one in value.values() for text in texts(one))


async def test_times_in_json_are_rfc_3339(strata: Strata) -> None:
    strata.run("users", "create", "ada@example.com")
    key = strata.json("keys", "create", "ada@example.com", "--days", "3")
    window = ("--from", "2027-01-01T10:00:00", "--until", "2027-01-01T11:00:00.250000")
    found = [
        key,
        strata.json("users", "list"),
        strata.json("keys", "list"),
        strata.json("keys", "brownout", key["id"]),
        strata.json("versions", "list"),
        strata.json("versions", "status"),
        *(strata.json("versions", "brownout", version.name, *window) for version in DEPRECATED),
    ]
    times = [text for text in texts(found) if re.match(r"\d{4}-\d\d-\d\d.", text)]
    assert len(times) > 10
    assert [text for text in times if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", text)] == []
    for brownout in found[6:]:
        assert brownout["brownouts"] == [{"from": "2027-01-01T10:00:00Z", "until": "2027-01-01T11:00:00.250000Z"}]


async def test_the_seed_has_the_posts_and_their_events(strata: Strata) -> None:
    assert "Wrote 2500 posts" in strata.run("seed", "--posts", "2500", "--authors", "2").stdout
    connection = await asyncpg.connect(strata.environment["STRATA_DATABASE__URL"])
    events = await connection.fetch("SELECT type, count(*) FROM events GROUP BY 1")
    posts = await connection.fetch("SELECT status, count(*) FROM posts GROUP BY 1")
    await connection.close()
    counts = {row["type"]: row["count"] for row in events}
    assert sum(row["count"] for row in posts) == counts["post.created"] == 2500
    assert {row["status"]: row["count"] for row in posts}["published"] == counts["post.published"]


def diagnose(strata: Strata, *, expect: int = 0) -> dict[str, Any]:
    """The rows of ``strata doctor`` by the name of the check."""
    return {diagnosis["check"]: diagnosis for diagnosis in strata.json("doctor", expect=expect)}


async def test_the_doctor_passes_a_correct_installation(strata: Strata) -> None:
    with strata.serving() as url:
        strata.environment["PORT"] = url.rpartition(":")[2]
        found = diagnose(strata)
    assert {found[name]["verdict"] for name in ("settings", "home", "database", "migrations")} == {"ok"}
    assert found["API"]["detail"] == f"ready on port {strata.environment['PORT']}"


def test_the_doctor_reports_all_faults_at_once(tmp_path: Path) -> None:
    strata = Strata(tmp_path / "home")
    strata.environment |= {
        "STRATA_AUTH__ACCESS_TTL": "soon",
        "STRATA_HTPP__PORT": "9000",
        "STRATA_REDIS__URL": "redis://127.0.0.1:1/0",
    }
    with socket.create_server(("127.0.0.1", 0)) as taken:
        strata.environment["PORT"] = str(taken.getsockname()[1])
        found = strata.json("doctor", expect=1)
    failed = [(diagnosis["check"], diagnosis["detail"]) for diagnosis in found if diagnosis["verdict"] == "fail"]
    assert [check for check, _ in failed] == ["settings", "settings", "API", "redis"]
    assert "STRATA_AUTH__ACCESS_TTL" in failed[0][1]
    assert "STRATA_HTPP__PORT" in failed[1][1]


async def test_the_doctor_reports_readable_secrets(strata: Strata) -> None:
    strata.environment["PORT"] = str(free_port())
    assert strata.json("mail") == [], "this command generates the secrets"
    secrets = strata.home / "secrets.json"
    secrets.chmod(0o644)
    assert diagnose(strata, expect=1)["home"]["advice"] == f"chmod 600 {secrets}"


async def test_the_doctor_reports_an_unreachable_database(strata: Strata) -> None:
    strata.environment |= {
        "PORT": str(free_port()),
        "STRATA_DATABASE__URL": "postgresql://strata@127.0.0.1:1/strata",
    }
    database = diagnose(strata, expect=1)["database"]
    assert database["verdict"] == "fail"
    assert "STRATA_DATABASE__URL" in database["advice"]


def test_the_doctor_checks_redis(tmp_path: Path) -> None:
    # The default port may be that of a server which a developer runs.
    strata = Strata(tmp_path / "home", PORT=str(free_port()))

    def redis(expect: int) -> Any:
        return diagnose(strata, expect=expect)["redis"]

    assert redis(0)["detail"] == "not set; each process counts alone"
    with running_redis(tmp_path / "redis", f"{IN_MEMORY}requirepass hunter2\n") as server:
        strata.environment[REDIS_URL] = server.url.replace("//", "//:hunter2@")
        assert redis(0)["detail"].startswith("Redis ")
        strata.environment[REDIS_URL] = server.url.replace("//", "//:hunter3@")
        wrong_password = redis(1)
        server.kill()
        stopped = redis(1)
    assert [diagnosis["verdict"] for diagnosis in (wrong_password, stopped)] == ["fail", "fail"]
    assert wrong_password["detail"] != stopped["detail"]
    assert "hunter" not in str([wrong_password, stopped])
    assert "STRATA_REDIS__URL" in stopped["advice"]


def test_the_doctor_creates_no_home(tmp_path: Path) -> None:
    strata = Strata(tmp_path / "home")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        strata.environment["PORT"] = str(taken.getsockname()[1])
        found = diagnose(strata, expect=1)
    assert [found[name]["verdict"] for name in ("settings", "home", "database", "API")] == [
        "ok",
        "warn",
        "warn",
        "fail",
    ]
    assert "strata up" in found["database"]["advice"]
    assert "in use by another program" in found["API"]["detail"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "ready"), [("serve", "Uvicorn running"), ("worker", "worker_started")])
async def test_sigterm_ends_a_process_with_exit_code_0(strata: Strata, name: str, ready: str) -> None:
    strata.forks = False
    with strata.running(name, PORT=str(free_port())) as process:
        deadline = time.monotonic() + PATIENCE
        while ready not in strata.log(name):
            assert process.poll() is None, strata.log(name)
            assert time.monotonic() < deadline, strata.log(name)
            await asyncio.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 30) == 0, strata.log(name)


async def test_seed_creates_the_requested_number_of_posts(strata: Strata) -> None:
    assert "Wrote 25 posts" in strata.run("seed", "--posts", "25").stdout
    connection = await asyncpg.connect(strata.environment["STRATA_DATABASE__URL"])
    assert await connection.fetchval("SELECT count(*) FROM posts") == 25
    await connection.close()
