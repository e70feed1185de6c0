"""The documents are the same with every version of Python."""

import http
import os
import shutil
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

import pytest

from app.kit.reason_phrases import REASON_PHRASES
from contracts import kinds
from contracts.documents import canonical_json
from tests.contracts.commands import frozen_document
from tests.support.waiting import PATIENCE
from versions.registry import VERSIONS

ROOT = Path(__file__).parents[2]


def test_the_phrases_are_those_of_the_registry() -> None:
    """RFC 9110 renamed two of them, which Python has done since 3.13."""
    renamed = {413: "Content Too Large", 422: "Unprocessable Content"}
    older = {status.value: status.phrase for status in HTTPStatus if status.value in REASON_PHRASES}
    # The second renamed phrases of 3.13; 416 and 414 had others in earlier versions, too.
    compared = {status: phrase for status, phrase in older.items() if status not in {413, 414, 416, 422}}
    assert compared.items() <= REASON_PHRASES.items()
    assert renamed.items() <= REASON_PHRASES.items()
    assert (REASON_PHRASES[414], REASON_PHRASES[416]) == ("URI Too Long", "Range Not Satisfiable")


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_documents_do_not_depend_on_the_phrases_of_the_interpreter(
    version: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    for status in HTTPStatus:
        monkeypatch.setattr(status, "phrase", f"Phrase of another Python for {status.value}")
    assert http.HTTPStatus(422).phrase.startswith("Phrase of another Python")
    found = next(one for one in VERSIONS if one is version)
    assert canonical_json(kinds.OPENAPI.build(found)) == canonical_json(frozen_document(found.name))


def test_the_interpreters_of_ci_are_found_in_order(tmp_path: Path) -> None:
    """`.ci/run` runs the checks on the lowest and the highest installed Python."""
    script = (ROOT / ".ci" / "run").read_text()
    function = script[script.index("installed_pythons() {") :].partition("\n}\n")[0] + "\n}\ninstalled_pythons\n"
    folder = tmp_path / "bin"
    folder.mkdir()
    for minor in (10, 12, 14):
        program = folder / f"python3.{minor}"
        program.write_text("#!/bin/sh\nexit 0\n")
        program.chmod(0o755)
    broken = folder / "python3.11"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    pyenv = tmp_path / "pyenv" / "versions" / "3.13.0" / "bin"
    pyenv.mkdir(parents=True)
    shutil.copy(folder / "python3.12", pyenv / "python3.13")
    done = subprocess.run(
        [shutil.which("bash") or "bash", "-c", function],
        env=os.environ | {"PATH": str(folder), "PYENV_ROOT": str(tmp_path / "pyenv")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    names = [Path(line).name for line in done.stdout.split()]
    assert names == ["python3.12", "python3.13", "python3.14"], (sys.executable, done.stderr)
