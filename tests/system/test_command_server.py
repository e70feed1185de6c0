"""Commands that the command server runs behave like those that a shell starts."""

from pathlib import Path

import pytest

from tests.support.command_server import command_server, starts_alike
from tests.support.live import Strata


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
