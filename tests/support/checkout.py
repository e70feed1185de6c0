"""Copies of the repository, in which tests add and remove versions."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
# Caches stay: programs in a copy then read, check and compile only the files that a command has changed.
_IGNORED: Final = shutil.ignore_patterns(
    "node_modules", ".git", ".venv", ".mutants", ".hypothesis", ".strata", ".pytest_cache"
)
_SECONDS: Final = 1500
"""For one command: `make check` takes a minute of processor time."""


class Checkout:
    """A copy of the repository. Its programs run with the environment of the tests and the code of the copy.

    ``source`` is another such copy.
    """

    def __init__(self, folder: Path, source: Path = ROOT) -> None:
        self.root = folder / "repository"
        shutil.copytree(source, self.root, ignore=_IGNORED)
        (self.root / ".venv").symlink_to(ROOT / ".venv")
        for name in ("contracts/lint/node_modules", "tests/support/oidc_provider/node_modules"):
            if (modules := ROOT / name).exists():
                (self.root / name).symlink_to(modules.resolve())

    def run(self, *command: str, status: int = 0, **variables: str) -> str:
        """Run a program and return its output; fail unless it exits with ``status``."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=os.environ
            | {"PYTHONPATH": str(self.root), "STRATA_HOME": str(self.root.parent / "home"), "COLUMNS": "200"}
            | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == status, f"{' '.join(command)} exited with {done.returncode}:\n{output[-6000:]}"
        return output

    def strata(self, *arguments: str, status: int = 0) -> str:
        """Run ``strata``."""
        return self.run(sys.executable, "-m", "app.cli", *arguments, status=status)

    def python(self, code: str) -> str:
        """Run Python code, whose imports leave no garbage to look for."""
        return self.run(sys.executable, "-c", f"import gc; gc.disable()\n{code}")

    def follow(self, command: Sequence[str], *more: str, status: int = 0) -> str:
        """Run a command of a page: ``strata``, ``make`` or ``python -m``."""
        program, *arguments = command
        match program:
            case "strata":
                return self.strata(*arguments, *more, status=status)
            case "make":
                return self.run("make", "--old-file=.venv/.installed", *arguments, *more, status=status)
            case _:
                return self.run(sys.executable, *arguments, *more, status=status)

    def make_check(self) -> None:
        """Run ``make check``, without installing the copy into the environment."""
        self.run("make", "--old-file=.venv/.installed", "check")

    def test(self, *files: str) -> str:
        """Import every test module, and run the tests of some files. Fails for a module that cannot be imported."""
        pytest = ("-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "-p", "tests.support.imported_modules", "-q")
        return self.run(sys.executable, *pytest, *(f"--tests-of={name}" for name in files), "tests")

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        (self.root / path).write_text(text, encoding="utf-8")

    def edit(self, path: str, before: str, after: str) -> None:
        """Replace a text that occurs once in a file."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{path}: {before!r} occurs {text.count(before)} times"
        self.write(path, text.replace(before, after))
