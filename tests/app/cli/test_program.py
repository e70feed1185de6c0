"""The start of ``strata``: a command waits for no module that it does not need."""

import subprocess
import sys

import pytest

from tests.support.commands import output_of
from tests.support.waiting import PATIENCE

START = """
import sys
from app.cli import main
try:
    main()
finally:
    sys.stderr.write(f"imported: {' '.join(sys.modules)}")
"""


def imported_by(*arguments: str) -> set[str]:
    """The modules that a process of its own has imported for a command."""
    command = [sys.executable, "-c", START, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    return set(done.stderr.partition("imported: ")[2].split())


def test_the_version_is_shown_without_importing_a_command() -> None:
    imported = imported_by("--version")
    assert "app.cli.program" in imported
    assert imported.isdisjoint({"app.cli.contract", "app.cli.versions", "versions.registry", "sqlalchemy"})


def test_a_command_does_not_import_the_others() -> None:
    imported = imported_by("contract", "--help")
    assert "app.cli.contract" in imported
    assert imported.isdisjoint({"app.cli.keys", "app.cli.versions", "versions.registry", "sqlalchemy"})


@pytest.mark.parametrize(
    ("wrong", "meant"), [("usars", "'users'"), ("log_level", "'log-level'"), ("contracts", "'contract'")]
)
def test_a_mistyped_command_is_answered_with_a_similar_one(wrong: str, meant: str) -> None:
    shown = output_of(wrong, code=2)
    assert f"No such command '{wrong}'" in shown
    assert meant in shown


@pytest.mark.parametrize("name", ["kit", "program", "contract-output", "version-source", "os", ""])
def test_a_module_without_a_command_is_no_command(name: str) -> None:
    assert f"No such command '{name}'" in output_of(name, code=2)
