"""``strata up`` from an empty home to its shutdown by a signal or a kill, with crashes of its children in between."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.kit.db.embedded_layout import resolve_layout
from tests.support.live import Strata
from tests.support.programs import program
from tests.support.strata_up import Run, processes_of, starting, survivors, up
from tests.support.waiting import PATIENCE, wait_until
from versions.registry import VERSIONS

Fresh = Callable[..., Strata]


def run_printed_commands(run: Run) -> list[Any]:
    """The JSON responses of the printed curl commands, run in a shell."""
    assert program("curl")
    lines = re.findall(r"^ {2}(curl .*)$", run.output, re.MULTILINE)
    shell = [program("bash"), "-c"]
    return [
        json.loads(
            subprocess.run(
                [*shell, line.replace("curl", "curl -sSf", 1)], capture_output=True, check=True, timeout=PATIENCE
            ).stdout
        )
        for line in lines
    ]


def modes(folders: list[Path]) -> list[tuple[Path, int, int, int]]:
    return [(path, (found := path.stat()).st_mode, found.st_uid, found.st_gid) for path in folders]


def test_the_first_and_the_second_run_of_a_home(fresh: Fresh, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    around = [private, *private.parents, *Path(sys.executable).parents, Path("/var/lib")]
    before = modes(around)
    strata = fresh("private/home")
    with up(strata) as run:
        post = run.write("Kept")
        for name in ("credentials.json", "secrets.json"):
            assert stat.S_IMODE((strata.home / name).stat().st_mode) == 0o600
        credentials = run.credentials
        assert list(credentials) == ["admin_email", "admin_password", "api_key", "base_url"]
        assert credentials["base_url"] == run.url
        assert all(value in run.output for value in credentials.values())
        for path in ("/", *(f"{version.prefix}/docs" for version in VERSIONS), "/health/ready", "/metrics"):
            assert f"  {run.url}{path}\n" in run.output
            assert httpx2.get(run.url + path, timeout=PATIENCE).status_code == 200
        form = {"username": credentials["admin_email"], "password": credentials["admin_password"]}
        form["grant_type"] = "password"
        assert httpx2.post(f"{run.url}/api/v2/auth/token", data=form, timeout=PATIENCE).status_code == 200
        listing, me, written = run_printed_commands(run)
        assert [one["id"] for one in listing["data"]] == [post]
        assert me["email"] == credentials["admin_email"]
        assert (written["title"], written["status"]) == ("Hello", "published")
        assert processes_of(strata.home)
        assert run.end(signal.SIGINT) == 0
        assert processes_of(strata.home) == {}
        assert run.output.endswith("Stopped.\n")
    with up(strata) as again:
        assert again.credentials == credentials | {"base_url": again.url}, "only the port differs"
        assert httpx2.get(f"{again.url}/api/v2/posts/{post}", timeout=PATIENCE).status_code == 200
        assert again.end(signal.SIGTERM) == 0
        assert processes_of(strata.home) == {}
    assert modes(around) == before
    assert stat.S_IMODE(strata.home.stat().st_mode) == 0o700


def write_until_it_fails(run: Run, name: str, acknowledged: set[str]) -> None:
    """Write posts until the server is killed, and collect the titles with a successful response."""
    for number in range(40):
        title = f"{name} {number}"
        try:
            run.write(title)
        except (AssertionError, httpx2.HTTPError):
            return
        acknowledged.add(title)


def test_acknowledged_writes_survive_a_kill(fresh: Fresh) -> None:
    strata = fresh()
    acknowledged: set[str] = set()
    with up(strata) as run:
        for victim in ("postgres", "up"):
            writer = threading.Thread(target=write_until_it_fails, args=(run, victim, acknowledged))
            writer.start()
            before = len(acknowledged)
            while len(acknowledged) < before + 15:
                assert writer.is_alive(), run.output
                time.sleep(0.001)
            if victim == "postgres":
                postmaster = int((resolve_layout(strata.home).data / "postmaster.pid").read_text().split()[0])
                os.kill(postmaster, signal.SIGKILL)
                wait_until(lambda: restarts(run)["postgresql"] == 1, PATIENCE, lambda: run.output)
                wait_until(lambda: ready(run), PATIENCE, lambda: run.output)
            else:
                run.process.kill()
                run.process.wait(30)
                # PostgreSQL keeps running: the next `strata up` uses it.
                assert survivors(strata.home, but="postgres") == {}
            writer.join(30)
            assert not writer.is_alive()
            if victim == "postgres":
                assert acknowledged <= set(run.titles())
    with up(strata) as run:
        assert acknowledged <= set(run.titles())
        assert run.end(signal.SIGINT) == 0
    assert survivors(strata.home) == {}


def restarts(run: Run) -> dict[str, int]:
    path = run.strata.home / "restarts.json"
    return {"api": 0, "worker": 0, "postgresql": 0} | (json.loads(path.read_text() or "{}") if path.exists() else {})


def ready(run: Run) -> bool:
    try:
        return httpx2.get(f"{run.url}/health/ready", timeout=PATIENCE).status_code == 200
    except httpx2.HTTPError:
        return False


def child_of(run: Run, command: str) -> int:
    (pid,) = (pid for pid, line in processes_of(run.strata.home).items() if f"app.cli {command}" in line)
    return pid


def test_a_crashed_child_is_restarted_and_counted(fresh: Fresh) -> None:
    strata = fresh(STRATA_LOG__FORMAT="json")
    with up(strata) as run:
        for number, (process, command) in enumerate([("worker", "worker"), ("api", "serve"), ("worker", "worker")]):
            os.kill(child_of(run, command), signal.SIGKILL)
            wait_until(lambda due=number + 1: sum(restarts(run).values()) == due, PATIENCE, lambda: run.output)
            wait_until(lambda: ready(run), PATIENCE, lambda: run.output)
            assert run.process.poll() is None
            assert f'"process":"{process}"' in run.output
        assert restarts(run) == {"api": 1, "worker": 2, "postgresql": 0}
        wait_until(
            lambda: 'process_restarts{process="worker"} 2' in httpx2.get(f"{run.url}/metrics", timeout=PATIENCE).text,
            PATIENCE,
            lambda: run.output,
        )
        assert run.output.count('"event":"process_exited"') == 3
        assert run.output.count('"event":"process_restarted"') == 3
        assert run.end(signal.SIGTERM) == 0
    assert survivors(strata.home) == {}


@pytest.mark.parametrize(
    ("moment", "number"),
    [("initdb-*/PG_VERSION", signal.SIGINT), ("data/PG_VERSION", signal.SIGINT), ("data/PG_VERSION", signal.SIGTERM)],
    ids=["created", "started", "terminated"],
)
def test_a_signal_during_the_start_of_postgresql_leaves_no_process(fresh: Fresh, moment: str, number: int) -> None:
    strata = fresh()
    folder = resolve_layout(strata.home).folder
    with starting(strata) as run:
        deadline = time.monotonic() + PATIENCE
        while not any(folder.glob(moment)):
            assert run.process.poll() is None, run.output
            assert time.monotonic() < deadline, run.output
        assert run.end(number) == 0
        assert run.output.endswith("Stopped.\n")
        assert "Error" not in run.output
    assert survivors(strata.home) == {}


def test_two_runs_need_different_ports_and_homes(fresh: Fresh) -> None:
    first, second = fresh("first"), fresh("second")
    with up(first) as run:
        second.environment["PORT"] = str(run.port)
        rejected = second.run("up", expect=1)
        assert rejected.stderr.splitlines()[0] == f"Error: Port {run.port} on 127.0.0.1 is in use by another program."
        assert f"PORT={run.port + 1}" in rejected.stderr
        assert len(rejected.stderr.splitlines()) == 2
        assert processes_of(second.home) == {}
        with up(second) as other:
            other.write("Written there")
            assert run.titles() == []
            assert other.credentials["api_key"] != run.credentials["api_key"]
        assert "Another strata process is using" in first.run("up", expect=1).stderr
