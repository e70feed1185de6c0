"""Runs the commands that write generated files, each in a new process: this one has imported the versions before."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from contracts.scaffold.errors import ScaffoldError

_SECONDS: Final = 300


def run_strata(root: Path, *arguments: str) -> str:
    """Run ``strata`` with the code of a checkout, and return its output. Raises ``ScaffoldError`` if it fails."""
    return run_module(root, "app.cli", *arguments)


def run_module(root: Path, module: str, *arguments: str) -> str:
    """Run a module of a checkout, and return its output. Raises ``ScaffoldError`` if it fails."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-m", module, *arguments],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        command = " ".join(("python -m", module, *arguments))
        raise ScaffoldError(f"`{command}` failed:\n{done.stdout}{done.stderr}", f"Correct it, then run `{command}`.")
    return done.stdout
