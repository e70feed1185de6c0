"""Runs Redocly and Spectral with nearly all of their rules. Their settings give the reason for each disabled rule."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml

from contracts.lint.node import FOLDER, program_path
from contracts.lint.passed import Passed

_SECONDS: Final = 600
"""Until a linter counts as hanging: on an idle machine it takes ten, on a busy one minutes."""
_QUIET: Final = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
"""Without telemetry and update checks the linters need no network."""
_SPECTRAL: Final = ("--ruleset", "spectral.yaml", "--fail-severity", "hint")


@dataclass(frozen=True, slots=True)
class LintResult:
    """The output of one linter. ``failed`` if it reported a problem."""

    linter: str
    failed: bool
    report: str


def lint(folder: Path = FOLDER) -> list[LintResult]:
    """Lint the documents in the parent of ``folder``, which contains the settings of the linters.

    A linter reads the documents that it did not find flawless before.
    """
    documents = sorted(folder.parent.glob("*.openapi.json"))
    channels = sorted(folder.parent.glob("*.asyncapi.json"))
    passed = Passed(folder)
    results = [
        _lint_unknown("redocly", documents, partial(_redocly, folder), partial(_redocly_settings, folder), passed),
        _lint_unknown(
            "spectral",
            [*documents, *channels],
            lambda paths: _run(folder, "spectral", "lint", *_SPECTRAL, *map(str, paths)),
            lambda _: [folder / "spectral.yaml"],
            passed,
        ),
    ]
    passed.save()
    return results


def _lint_unknown(
    linter: str,
    documents: Sequence[Path],
    run: Callable[[Sequence[Path]], LintResult],
    settings: Callable[[Path], Sequence[Path]],
    passed: Passed,
) -> LintResult:
    # Before the run: what changes during the run is linted by the next one.
    keys = {document: passed.key(linter, document, settings(document)) for document in documents}
    unknown = [document for document, key in keys.items() if key not in passed]
    result = run(unknown) if unknown else LintResult(linter, failed=False, report="")
    passed.add(key for document, key in keys.items() if not (result.failed and document in unknown))
    return result


def _redocly(folder: Path, documents: Sequence[Path]) -> LintResult:
    with tempfile.TemporaryDirectory(prefix="redocly-") as settings:
        config = _redocly_config(folder, documents, Path(settings))
        return _run(folder, "redocly", "lint", "--config", str(config), "--format", "stylish")


def _redocly_settings(folder: Path, document: Path) -> list[Path]:
    """The settings for every version, and the file of one version, which may not exist."""
    return [folder / "redocly.yaml", folder / f"{document.name.partition('.')[0]}.yaml"]


def _redocly_config(folder: Path, documents: Sequence[Path], target: Path) -> Path:
    """Write the settings of Redocly to ``target``: those for every version, and those in the ``vN.yaml`` of each."""
    settings = yaml.safe_load((folder / "redocly.yaml").read_text())
    settings["apis"], ignored = {}, {}
    for document in documents:
        name = document.name.partition(".")[0]
        own = _redocly_settings(folder, document)[-1]
        rules = yaml.safe_load(own.read_text()) if own.exists() else {}
        settings["apis"][name] = {"root": str(document.resolve()), "rules": _named(rules.get("rules", {}))}
        ignored[os.path.relpath(document.resolve(), target.resolve())] = rules.get("ignore", {})
    settings["rules"] = _named(settings["rules"])
    (target / ".redocly.lint-ignore.yaml").write_text(yaml.safe_dump(ignored))
    config = target / "redocly.yaml"
    config.write_text(yaml.safe_dump(settings))
    return config


def _named(rules: Mapping[str, Any]) -> dict[str, Any]:
    """The rules with ``off`` as a word, which YAML 1.1 reads as false."""
    return {name: "off" if value is False else value for name, value in rules.items()}


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
