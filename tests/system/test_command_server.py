"""Commands that the command server runs behave like those that a shell starts."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from observability.run_folder import running_in
from tests.support.command_server import ForkedProcess, command_server, starts_alike
from tests.support.live import Strata, free_port, wait_until_ready
from tests.support.postgres import clone
from tests.support.waiting import PATIENCE, wait_until


@pytest.fixture
def strata(tmp_path: Path) -> Strata:
    home = tmp_path / "home"
    home.mkdir()
    return Strata(home, "postgresql://nobody@127.0.0.1:1/none")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--help",), 0), (("users", "bogus"), 2), (("keys", "list"), 1), (("serve", "--workers", "0"), 2)],
    ids=["help", "unknown command", "no database", "wrong option"],
)
def test_outputs_and_exit_codes_are_those_of_a_separate_process(
    strata: Strata, arguments: tuple[str, ...], code: int
) -> None:
    alone = strata._run_alone(arguments)
    forked = command_server().run(arguments, strata.environment, strata.home.parent, 120)
    assert (forked.returncode, forked.stdout, forked.stderr) == (alone.returncode, alone.stdout, alone.stderr)
    assert forked.returncode == code


def test_each_command_has_an_environment_of_its_own(strata: Strata) -> None:
    strata.environment["STRATA_HTTP__PORT"] = "none"
    assert "STRATA_HTTP__PORT" in strata.run("users", "list", expect=1).stderr
    del strata.environment["STRATA_HTTP__PORT"]
    assert "STRATA_HTTP__PORT" not in strata.run("users", "list", expect=1).stderr


def test_an_environment_that_changes_the_imports_needs_a_separate_process(strata: Strata) -> None:
    assert starts_alike(strata.environment)
    assert not starts_alike(strata.environment | {"PYTHONOPTIMIZE": "2"})
    assert not starts_alike(strata.environment | {"COLUMNS": "80"})


def test_a_command_that_takes_too_long_is_killed(strata: Strata) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        command_server().run(("worker",), strata.environment, strata.home.parent, 0.5)


@pytest.mark.parametrize("forks", [True, False], ids=["forked", "separate"])
async def test_a_server_and_its_workers_start_and_end_alike(admin_dsn: str, tmp_path: Path, *, forks: bool) -> None:
    strata = Strata(tmp_path / "home", await clone(admin_dsn, "forks"))
    strata.forks = forks
    port = free_port()
    with strata.running("serve", "--workers", "2", PORT=str(port)) as process:
        assert isinstance(process, ForkedProcess) == forks
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process, lambda: strata.log("serve"))
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        assert process.poll() is None
        (folder,) = running_in(strata.home / "runs")
        wait_until(lambda: len(folder.pids()) == 2, PATIENCE)
        workers = folder.pids()
        # The supervisor starts another one in its place.
        os.kill(workers[0], signal.SIGKILL)
        wait_until(lambda: len({*folder.pids()} - {workers[0]}) == 2, PATIENCE)
        process.terminate()
        assert process.wait(PATIENCE) == 0, strata.log("serve")
        assert process.poll() == process.returncode == 0
        for pid in workers:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
