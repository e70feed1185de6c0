"""Redocly and Spectral, each with nearly all of its rules; their settings say which not, and why."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.lint.node import FOLDER, program

_SECONDS: Final = 120
_QUIET: Final = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
"""A check tells nobody that it ran, and needs no network."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one linter says."""

    linter: str
    failed: bool
    report: str


def lint(folder: Path = FOLDER) -> list[Outcome]:
    """What each linter says of the documents in the folder above this one, which holds the linters' settings."""
    documents = sorted(folder.parent.glob("*.openapi.json"))
    return [
        _run(folder, "redocly", "lint", "--config", "redocly.yaml", "--format", "stylish"),
        _run(folder, "spectral", "lint", "--ruleset", "spectral.yaml", "--fail-severity", "hint", *map(str, documents)),
    ]


def _run(folder: Path, linter: str, *arguments: str) -> Outcome:
    done = subprocess.run(  # noqa: S603 - a locked program with arguments of ours
        [program(linter), *arguments],
        cwd=folder,
        env=os.environ | _QUIET,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    return Outcome(linter, done.returncode != 0, f"{done.stdout}\n{done.stderr}".strip())
