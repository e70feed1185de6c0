"""Runs Redocly and Spectral with nearly all of their rules. Their settings give the reason for each disabled rule."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.lint.node import FOLDER, program_path

_SECONDS: Final = 120
_QUIET: Final = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
"""Without telemetry and update checks the linters need no network."""


@dataclass(frozen=True, slots=True)
class LintResult:
    """The output of one linter. ``failed`` if it reported a problem."""

    linter: str
    failed: bool
    report: str


def lint(folder: Path = FOLDER) -> list[LintResult]:
    """Lint the documents in the parent of ``folder``, which contains the settings of the linters."""
    documents = sorted(folder.parent.glob("*.openapi.json"))
    return [
        _run(folder, "redocly", "lint", "--config", "redocly.yaml", "--format", "stylish"),
        _run(folder, "spectral", "lint", "--ruleset", "spectral.yaml", "--fail-severity", "hint", *map(str, documents)),
    ]


def _run(folder: Path, linter: str, *arguments: str) -> LintResult:
    done = subprocess.run(  # noqa: S603 - a locked program with fixed arguments
        [program_path(linter), *arguments],
        cwd=folder,
        env=os.environ | _QUIET,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    return LintResult(linter, done.returncode != 0, f"{done.stdout}\n{done.stderr}".strip())
