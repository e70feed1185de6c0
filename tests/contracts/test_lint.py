"""Public linters have nothing to say about the contracts, and would say it if they had."""

import copy
import json
import re
import shutil
from pathlib import Path

import pytest

from contracts.lint import __main__ as command
from contracts.lint import node
from contracts.lint.linters import Outcome, lint
from tests.support.clients import contract_tools
from tests.support.contract import CONTRACTS
from tests.support.operations import Document, document


def test_a_flaw_is_found_and_what_is_clean_is_not_blamed(tmp_path: Path) -> None:
    contract_tools()
    folder = tmp_path / "lint"
    shutil.copytree(node.FOLDER, folder, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copy(CONTRACTS / "v1.openapi.json", tmp_path)
    (tmp_path / "v2.openapi.json").write_text(json.dumps(flawed(), indent=2))
    redocly, spectral = lint(folder)
    assert redocly.failed
    assert {"operation-summary", "no-unused-components", "operation-4xx-problem-details-rfc7807"} <= words(redocly)
    assert spectral.failed
    assert {"operation-description", "oas3-valid-media-example", "operation-tag-defined"} <= words(spectral)
    for outcome in (redocly, spectral):
        assert not re.search(r"v1\.openapi\.json:?$", outcome.report, re.MULTILINE), outcome.report


def flawed() -> Document:
    """v2 with a flaw for each of some rules."""
    doc = copy.deepcopy(document("v2"))
    posts, post = doc["paths"]["/posts"], doc["paths"]["/posts/{post_id}"]
    del posts["get"]["summary"], posts["get"]["description"]
    posts["post"]["requestBody"]["content"]["application/json"]["example"] = {"title": 7}
    content = post["get"]["responses"]["404"]["content"]
    post["get"]["responses"]["404"]["content"] = {"application/json": content["application/problem+json"]}
    doc["components"]["schemas"]["Nobody"] = {"type": "string"}
    doc["tags"].pop()
    return doc


def words(outcome: Outcome) -> set[str]:
    return set(outcome.report.split())


def test_without_node_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.delenv("CI", raising=False)
    assert command.main() == 0
    assert "make contract-tools" in capsys.readouterr().err
    monkeypatch.setenv("CI", "true")
    assert command.main() == 1


def test_another_version_than_the_locked_one_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "_MODULES", tmp_path)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    installed = json.loads((node.FOLDER / "package.json").read_text())["devDependencies"]
    for name in installed:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "package.json").write_text(json.dumps({"version": installed[name]}))
    assert node.lacking() is None
    (tmp_path / "typescript/package.json").write_text('{"version": "1.0.0"}')
    assert node.lacking() == "`make contract-tools` installs typescript."
