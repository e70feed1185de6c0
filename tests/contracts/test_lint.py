"""The public linters report flaws in a contract, and no problem in the others."""

import json
import re
import shutil
from pathlib import Path

import pytest

from contracts.lint import __main__ as command
from contracts.lint import node
from contracts.lint.linters import LintResult, lint
from tests.support.clients import contract_tools
from tests.support.contract import CONTRACTS
from tests.support.excerpts import excerpt
from tests.support.operations import VERSIONS, Document, document


def test_linters_report_the_flawed_contract_only(tmp_path: Path) -> None:
    contract_tools()
    folder = tmp_path / "lint"
    shutil.copytree(node.FOLDER, folder, ignore=shutil.ignore_patterns("node_modules", ".cache"))
    flawless = [f"{version}.{kind}.json" for version in VERSIONS if version != "v2" for kind in ("openapi", "asyncapi")]
    for name in flawless:
        if name.endswith("asyncapi.json"):
            shutil.copy(CONTRACTS / name, tmp_path)
        else:
            (tmp_path / name).write_text(json.dumps(excerpt(document(name.partition(".")[0]), "/posts"), indent=2))
    channels = json.loads((CONTRACTS / "v2.asyncapi.json").read_text())
    channels["operations"]["rooms_send"]["action"] = "publish"
    del channels["operations"]["rooms_receive"]["description"]
    (tmp_path / "v2.asyncapi.json").write_text(json.dumps(channels, indent=2))
    (tmp_path / "v2.openapi.json").write_text(json.dumps(flawed_document(), indent=2))
    redocly, spectral = lint(folder)
    assert redocly.failed
    assert {"operation-summary", "no-unused-components", "operation-4xx-problem-details-rfc7807"} <= words_of(redocly)
    assert spectral.failed
    assert {"operation-description", "oas3-valid-media-example", "operation-tag-defined"} <= words_of(spectral)
    assert {"asyncapi-3-document-resolved", "asyncapi-3-operation-description"} <= words_of(spectral)
    for result in (redocly, spectral):
        for name in flawless:
            assert not re.search(rf"{re.escape(name)}:?$", result.report, re.MULTILINE), result.report


def flawed_document() -> Document:
    """The contract of v2 with flaws that violate the rules in the test."""
    doc = excerpt(document("v2"), "/posts", "/posts/{post_id}")
    posts, post = doc["paths"]["/posts"], doc["paths"]["/posts/{post_id}"]
    del posts["get"]["summary"], posts["get"]["description"]
    posts["post"]["requestBody"]["content"]["application/json"]["example"] = {"title": 7}
    content = post["get"]["responses"]["404"]["content"]
    post["get"]["responses"]["404"]["content"] = {"application/json": content["application/problem+json"]}
    doc["components"]["schemas"]["Unused"] = {"type": "string"}
    doc["tags"].pop()
    return doc


def words_of(result: LintResult) -> set[str]:
    return set(result.report.split())


def test_without_node_the_command_prints_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.delenv("CI", raising=False)
    assert command.main() == 0
    assert "make contract-tools" in capsys.readouterr().err
    monkeypatch.setenv("CI", "true")
    assert command.main() == 1


def test_a_program_of_another_version_counts_as_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "_MODULES", tmp_path)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    installed = json.loads((node.FOLDER / "package.json").read_text())["devDependencies"]
    for name in installed:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "package.json").write_text(json.dumps({"version": installed[name]}))
    assert node.missing_tools() is None
    (tmp_path / "typescript/package.json").write_text('{"version": "1.0.0"}')
    assert node.missing_tools() == "`make contract-tools` installs typescript."
