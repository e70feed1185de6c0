"""Destructive commands ask on a terminal, and need --yes elsewhere; every command is classified here."""

import io
import os
import pty
import secrets
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from app.cli.kit.confirmation import confirm
from app.cli.kit.environment import exclusive_home, runs_folder
from app.cli.kit.output import CommandError
from app.cli.program import program
from app.cli.version_source import remove as remove_version
from contracts.scaffold import remove as removal
from observability.run_folder import create_run_folder
from tests.support.live import Strata
from tests.support.postgres import clone
from tests.support.waiting import PATIENCE
from versions.registry import VERSIONS

DESTRUCTIVE = {
    ("migrate", "down"): ("base",),
    ("users", "delete"): ("ada@example.com",),
    ("users", "password"): ("ada@example.com",),
    ("users", "deactivate"): ("ada@example.com",),
    ("keys", "revoke"): ("key_01kb0000000000000000000000",),
    ("plans", "retire"): ("free",),
    ("versions", "retire"): (VERSIONS[0].name,),
    ("versions", "consent"): (VERSIONS[0].name, "ada@example.com", "--withdraw"),
}
"""Commands that require confirmation, with arguments: most delete data or end access, which no command restores."""
NEEDS_A_RETIRED_VERSION = {("versions", "remove")}
"""Destructive too; the test of this command brings its own version."""
OTHERS = {
    ("audit", "list"),
    ("auth", "rotate-signing-key"),
    *(("contract", name) for name in ("check", "diff", "freeze", "guide", "release")),
    *(("files", name) for name in ("add", "check", "clean")),
    *(("jobs", name) for name in ("cancel", "list", "retry", "show", "watch")),
    *(("keys", name) for name in ("brownout", "create", "list", "plan", "rotate")),
    *(("ledger", name) for name in ("accounts", "check", "deposit", "entries")),
    *(("migrate", name) for name in ("check", "status", "up")),
    *(("plans", name) for name in ("list", "set", "show")),
    *(("users", name) for name in ("activate", "create", "list", "pending", "roles")),
    *(("versions", name) for name in ("brownout", "check", "list", "new", "notify", "promote", "status")),
    *((name,) for name in ("doctor", "impact", "log-level", "mail", "seed", "serve", "top", "traces", "traffic", "up")),
    *(("usage", name) for name in ("export", "show", "watch", "who")),
    ("webhooks", "listen"),
    ("worker",),
}
"""Commands that delete nothing, or whose effect another command reverts."""


def paths(command: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    children = getattr(command, "commands", {})
    return [found for name, child in children.items() for found in paths(child, (*path, name))] or [path]


def test_every_command_is_classified() -> None:
    """A new command is added to one of the two tables: whether it is destructive is decided, not forgotten."""
    assert set(paths(typer.main.get_command(program))) == {*DESTRUCTIVE, *NEEDS_A_RETIRED_VERSION, *OTHERS}
    assert not set(DESTRUCTIVE) & OTHERS


@pytest.fixture
async def strata(admin_dsn: str, tmp_path: Path) -> Strata:
    home = tmp_path / "home"
    home.mkdir()
    found = Strata(home, await clone(admin_dsn, "confirm"))
    found.run("users", "create", "ada@example.com")
    return found


async def test_destructive_commands_need_yes_without_a_terminal(strata: Strata) -> None:
    for path, arguments in DESTRUCTIVE.items():
        rejected = strata.run(*path, *arguments, expect=1)
        assert rejected.stderr.startswith("Error: Confirmation is required: "), path
        assert "add --yes" in rejected.stderr
        assert rejected.stdout == ""
    assert [user["is_active"] for user in strata.json("users", "list")] == [True], "nothing was changed"
    assert strata.json("migrate", "status")["pending"] == []
    strata.run("users", "delete", "ada@example.com", "--yes")
    assert strata.json("users", "list") == []


def on_terminal(strata: Strata, reply: bytes, *arguments: str) -> tuple[int, str]:
    """Run a command whose standard input is a terminal, on which a user types. Returns exit code and stderr."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            ["strata", *arguments],
            env=strata.environment,
            cwd=strata.home.parent,
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.write(ours, reply)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        os.close(ours)
        os.close(theirs)
    return process.returncode, out + err


async def test_a_terminal_is_asked(strata: Strata) -> None:
    code, printed = on_terminal(strata, b"n\n", "users", "delete", "ada@example.com")
    assert code == 1
    assert "This deletes ada@example.com (id " in printed
    assert "Nothing was changed." in printed
    assert len(strata.json("users", "list")) == 1
    code, printed = on_terminal(strata, b"\n", "users", "delete", "ada@example.com")
    assert code == 1, "the default is no"
    code, printed = on_terminal(strata, b"\x04", "users", "delete", "ada@example.com")
    assert (code, "Traceback" in printed) == (1, False), "the end of the input declines"
    code, printed = on_terminal(strata, b"y\n", "users", "delete", "ada@example.com")
    assert code == 0, printed
    assert strata.json("users", "list") == []


def test_the_question_states_the_consequence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    confirm("This deletes everything", yes=True)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(CommandError, match=r"Confirmation is required: This deletes everything\."):
        confirm("This deletes everything", yes=False)


async def test_migrations_are_not_reverted_while_a_server_uses_the_home(strata: Strata) -> None:
    with strata.serving():
        rejected = strata.run("migrate", "down", "base", "--yes", expect=1)
        assert "A server or worker is using" in rejected.stderr
        assert "Stop every server and worker" in rejected.stderr
    assert strata.json("migrate", "status")["pending"] == []


async def test_migrations_are_not_reverted_in_production_without_force(strata: Strata) -> None:
    strata.environment |= {
        "STRATA_ENVIRONMENT": "production",
        "STRATA_AUTH__SIGNING_KEY": secrets.token_hex(32),
        "STRATA_HTTP__CURSOR_KEY": secrets.token_hex(32),
        "STRATA_WEBHOOKS__SEALING_KEY": secrets.token_hex(32),
    }
    rejected = strata.run("migrate", "down", "-1", "--yes", expect=1)
    assert "`strata migrate down` is rejected in production." in rejected.stderr
    assert "--force" in rejected.stderr
    assert strata.json("migrate", "status")["pending"] == []
    asked = strata.run("migrate", "down", "-1", "--force", expect=1)
    assert "Confirmation is required" in asked.stderr, "--force does not confirm"
    strata.run("migrate", "down", "-1", "--force", "--yes")
    assert len(strata.json("migrate", "status", expect=1)["pending"]) == 1


@pytest.fixture
def removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Receives the plan of each removal, instead of files that would be deleted."""
    removed: list[object] = []
    plan = SimpleNamespace(deleted=[], written=[], tombstone=SimpleNamespace(migration_guide="/docs/migrate"))
    monkeypatch.setenv("STRATA_HOME", str(tmp_path))
    monkeypatch.setattr(removal, "plan_removal", lambda *_: plan)
    monkeypatch.setattr(removal, "remove", removed.append)
    monkeypatch.setattr(removal, "find_mentions", lambda _: [])
    monkeypatch.setattr("contracts.scaffold.commands.run_strata", lambda *_: None)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return removed


def test_a_version_is_removed_after_confirmation(removed: list[object]) -> None:
    name = VERSIONS[0].name
    with pytest.raises(CommandError, match="Confirmation is required: This deletes "):
        remove_version(name)
    remove_version(name, dry_run=True)
    assert removed == []
    remove_version(name, yes=True)
    assert len(removed) == 1


def test_a_version_is_not_removed_in_production_or_from_a_home_in_use(
    removed: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = VERSIONS[0].name
    with create_run_folder(runs_folder(tmp_path)), pytest.raises(CommandError, match="is using"):
        remove_version(name, yes=True)
    monkeypatch.setenv("STRATA_ENVIRONMENT", "production")
    for variable in ("STRATA_AUTH__SIGNING_KEY", "STRATA_HTTP__CURSOR_KEY", "STRATA_WEBHOOKS__SEALING_KEY"):
        monkeypatch.setenv(variable, secrets.token_hex(32))
    with pytest.raises(CommandError, match="`strata versions remove` is rejected in production"):
        remove_version(name, yes=True)
    assert removed == []
    remove_version(name, yes=True, force=True)
    assert len(removed) == 1


def rejected(home: Path) -> str:
    with pytest.raises(CommandError) as failure, exclusive_home(home):
        pass
    return str(failure.value)


def test_a_home_is_exclusive(tmp_path: Path) -> None:
    with exclusive_home(tmp_path):
        assert "Another strata process is using" in rejected(tmp_path), "as for a second `strata up`"
    with create_run_folder(runs_folder(tmp_path)):
        assert "A server or worker is using" in rejected(tmp_path)
    with exclusive_home(tmp_path):
        pass
