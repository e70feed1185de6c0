"""Every command: help, exit codes, output for scripts."""

import asyncio
import signal
import socket
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import typer

from app.cli.program import program
from app.kit.db import migrations
from tests.support.configured_redis import REDIS_URL, WITHOUT_FILES, redis_server
from tests.support.live import Strata, free_port
from tests.support.postgres import clone


def leaves(command: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    children = getattr(command, "commands", {})
    if not children:
        return [(path, command)]
    return [leaf for name, child in children.items() for leaf in leaves(child, (*path, name))]


COMMANDS = leaves(typer.main.get_command(program))


@pytest.fixture
async def strata(admin_dsn: str, tmp_path: Path, request: pytest.FixtureRequest) -> Strata:
    home = tmp_path / "home"
    home.mkdir()
    return Strata(home, await clone(admin_dsn, f"strata_cli_{abs(hash(request.node.nodeid))}"))


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(path) for path, _ in COMMANDS])
def test_every_parameter_has_a_help_text(path: tuple[str, ...], command: Any) -> None:
    assert command.help, path
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{path}: {parameter.name}"


def test_the_command_tree_does_not_change() -> None:
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


async def test_wrong_usage_exits_2_and_failure_exits_1_with_advice(strata: Strata) -> None:
    assert strata.run("serve", "--workers", "0", expect=2).stdout == ""
    failed = strata.run("keys", "create", "nobody@example.com", expect=1)
    assert failed.stderr.startswith("Error: There is no user nobody@example.com.")
    assert "strata users list" in failed.stderr


async def test_users_and_keys(strata: Strata) -> None:
    strata.run("users", "create", "ada@example.com", "--role", "author")
    listed = strata.json("users", "list")
    assert [user["email"] for user in listed] == ["ada@example.com"]
    made = strata.json("keys", "create", "ada@example.com", "--scope", "posts:read", "--plan", "pro")
    assert made["key"].startswith("sk_test_")
    assert (made["scopes"], made["plan"]) == (["posts:read"], "pro")
    strata.run("keys", "revoke", made["id"])
    assert [key["state"] for key in strata.json("keys", "list")] == ["revoked"]
    assert made["key"] not in strata.run("keys", "list").stdout
    assert [version["name"] for version in strata.json("versions", "list")] == ["v1", "v2"]
    checked = strata.json("contract", "check")["versions"]
    assert {name: version["failed"] for name, version in checked.items()} == {"v1": False, "v2": False}


async def test_migrations_can_be_undone_and_applied_again(strata: Strata) -> None:
    dsn = strata.environment["STRATA_DATABASE__URL"]
    status = strata.json("migrate", "status")
    assert (status["pending"], status["current"]) == ([], status["head"])
    strata.run("migrate", "check")
    strata.run("migrate", "down", "base")
    assert "not up to date" in strata.run("migrate", "check", expect=1).stderr
    pending = strata.json("migrate", "status", expect=1)["pending"]
    assert pending[-1] == status["head"]
    refused = strata.run("users", "list", expect=1)
    assert "strata migrate up" in refused.stderr
    doctor = {finding["check"]: finding for finding in strata.json("doctor", expect=1)}
    assert doctor["migrations"]["verdict"] == "fail"
    assert "strata migrate up" in doctor["migrations"]["advice"]
    # Two concurrent migrations wait for each other.
    await asyncio.gather(*(asyncio.to_thread(strata.run, "migrate", "up") for _ in range(2)))
    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("SELECT count(*) FROM role_permissions") > 0
    await connection.close()
    await asyncio.to_thread(migrations.check, dsn)


async def test_doctor_reports_problems(strata: Strata) -> None:
    strata.environment["PORT"] = str(free_port())
    well = {finding["check"]: finding["verdict"] for finding in strata.json("doctor")}
    assert well["settings"] == well["home"] == well["database"] == well["migrations"] == "ok"
    assert strata.json("mail") == []
    secrets = strata.home / "secrets.json"
    secrets.chmod(0o644)
    opened = {finding["check"]: finding for finding in strata.json("doctor", expect=1)}
    assert opened["home"]["advice"] == f"chmod 600 {secrets}"
    secrets.chmod(0o600)
    with strata.serving() as url:
        strata.environment["PORT"] = url.rpartition(":")[2]
        found = {finding["check"]: finding["detail"] for finding in strata.json("doctor")}
        assert found["API"] == f"ready on port {strata.environment['PORT']}"
    strata.environment["STRATA_DATABASE__URL"] = "postgresql://strata@127.0.0.1:1/strata"
    unreachable = {finding["check"]: finding for finding in strata.json("doctor", expect=1)}
    assert unreachable["database"]["verdict"] == "fail"
    assert "STRATA_DATABASE__URL" in unreachable["database"]["advice"]


def test_doctor_checks_redis(tmp_path: Path) -> None:
    strata = Strata(tmp_path / "home")

    def redis(expect: int) -> Any:
        return next(finding for finding in strata.json("doctor", expect=expect) if finding["check"] == "redis")

    assert redis(0)["detail"] == "not set; each process counts alone"
    with redis_server(tmp_path / "redis", f"{WITHOUT_FILES}requirepass hunter2\n") as server:
        strata.environment[REDIS_URL] = server.url.replace("//", "//:hunter2@")
        assert redis(0)["detail"].startswith("Redis ")
        strata.environment[REDIS_URL] = server.url.replace("//", "//:hunter3@")
        refused = redis(1)
        server.kill()
        gone = redis(1)
    assert [diagnosis["verdict"] for diagnosis in (refused, gone)] == ["fail", "fail"]
    assert refused["detail"] != gone["detail"]
    assert "hunter" not in str([refused, gone])
    assert "STRATA_REDIS__URL" in gone["advice"]


def test_doctor_does_not_create_a_missing_home(tmp_path: Path) -> None:
    strata = Strata(tmp_path / "home")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        strata.environment["PORT"] = str(taken.getsockname()[1])
        found = {finding["check"]: finding for finding in strata.json("doctor", expect=1)}
    assert [found[name]["verdict"] for name in ("settings", "home", "database", "API")] == [
        "ok",
        "warn",
        "warn",
        "fail",
    ]
    assert "strata up" in found["database"]["advice"]
    assert "in use by another program" in found["API"]["detail"]
    assert list(tmp_path.iterdir()) == []


async def test_a_signal_ends_each_command_with_code_0(strata: Strata) -> None:
    with strata.running("serve", PORT=str(free_port())) as server, strata.running("worker") as worker:
        for name, process, ready in (("serve", server, "Uvicorn running"), ("worker", worker, "worker_started")):
            while ready not in strata.log(name):
                assert process.poll() is None, strata.log(name)
                await asyncio.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 30) == 0, strata.log(name)


async def test_seed_creates_the_given_number_of_posts(strata: Strata) -> None:
    assert "Wrote 25 posts" in strata.run("seed", "--posts", "25").stdout
    connection = await asyncpg.connect(strata.environment["STRATA_DATABASE__URL"])
    assert await connection.fetchval("SELECT count(*) FROM posts") == 25
    await connection.close()
