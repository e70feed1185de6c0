"""Generates clients from a contract, and type-checks them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from contracts import documents
from contracts.lint import node
from tests.support.programs import report_missing

USAGE = Path(__file__).parents[1] / "contracts/usage"
_BIN = Path(sys.executable).parent
_SECONDS = 180


def contract_tools() -> None:
    """Skip a test that needs npm packages where they are missing; in CI, fail."""
    if (reason := node.missing_tools()) is not None:
        report_missing(reason)


def python_client(document: dict[str, Any], version: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Generate the package ``strata_<version>`` in ``folder``; a warning of the generator fails the test."""
    return _run(
        [
            *(str(_BIN / "openapi-python-client"), "generate", "--fail-on-warning", "--meta", "none"),
            *("--config", str(USAGE / "openapi-python-client.yaml")),
            *("--path", str(_written(document, version, folder)), "--output-path", str(folder / f"strata_{version}")),
        ],
        folder,
    )


def checked_python(folder: Path, *versions: str) -> subprocess.CompletedProcess[str]:
    """The packages and their usage under mypy's strict rules."""
    return _run(
        [
            *(str(_BIN / "mypy"), "--config-file", str(USAGE / "mypy.ini"), "--cache-dir", str(folder / "mypy")),
            *(str(folder / f"strata_{version}") for version in versions),
            *(str(USAGE / f"{version}.py") for version in versions),
        ],
        folder,
    )


def used_python(version: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the usage against a server."""
    return _run([sys.executable, str(USAGE / f"{version}.py"), *arguments], folder, PYTHONPATH=str(folder))


def typescript(document: dict[str, Any], version: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Generate ``strata_<version>.d.ts`` in ``folder``, and check it and its usage with tsc's strict rules."""
    types = folder / f"strata_{version}.d.ts"
    source = _written(document, version, folder)
    generated = _run([node.program_path("openapi-typescript"), str(source), "--output", str(types)], folder)
    if generated.returncode:
        return generated
    shutil.copy(USAGE / f"{version}.ts", folder)
    # The declarations of the language are not our subject.
    options = (
        "--skipDefaultLibCheck",
        "--strict",
        "--noEmit",
        "--noUnusedLocals",
        "--target",
        "es2022",
        "--moduleResolution",
        "bundler",
    )
    return _run([node.program_path("tsc"), *options, "--module", "esnext", str(folder / f"{version}.ts")], folder)


def _written(document: dict[str, Any], version: str, folder: Path) -> Path:
    path = folder / f"{version}.openapi.json"
    path.write_text(documents.canonical_json(document))
    return path


def _run(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": f"{_BIN}:{os.environ['PATH']}"} | variables
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
