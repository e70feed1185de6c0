"""The distribution `strata-contract`: built without network, and run where the server is not installed."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.compat.command import main
from contracts.compat.loading import NotOpenAPI
from contracts.compat.sources import path_of, read_source
from tests.contracts.compat.documents import operation, parameter, with_parameters
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
BINARIES = Path(sys.executable).parent
OLD: Any = operation()
NEW: Any = with_parameters(parameter("q", required=True))
Compare = Callable[..., "subprocess.CompletedProcess[str]"]


def run(*command: object, cwd: Path, text: str | None = None, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **variables},
        input=text,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command. Its environment has the wheel and its two dependencies, and nothing else."""
    folder = tmp_path_factory.mktemp("distribution")
    build = ("build", "--offline", "--no-build-isolation", "--wheel", "--python", sys.executable, "--out-dir", folder)
    built = run(BINARIES / "uv", *build, ROOT / "contracts", cwd=folder)
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("strata_contract-*.whl")
    assert run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder).returncode == 0
    python = folder / "venv" / "bin" / "python"
    installed = run(BINARIES / "uv", "pip", "install", "--offline", "--no-deps", "--python", python, wheel, cwd=folder)
    assert installed.returncode == 0, installed.stderr
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    for name in ("jsonschema_rs", "yaml"):
        found = importlib.util.find_spec(name)
        assert found is not None
        assert found.origin is not None
        (packages / name).symlink_to(Path(found.origin).parent)
    return python.with_name("strata-contract")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository whose last commit has the old document, and whose files are the new one."""
    git = ("git", "-c", "user.name=T", "-c", "user.email=t@example.org")
    assert run(*git, "init", "-q", cwd=tmp_path).returncode == 0
    (tmp_path / "openapi.json").write_text(json.dumps(OLD))
    run(*git, "add", ".", cwd=tmp_path)
    assert run(*git, "commit", "-q", "-m", "x", cwd=tmp_path).returncode == 0
    (tmp_path / "openapi.json").write_text(json.dumps(NEW))
    (tmp_path / "old.yaml").write_text(yaml.safe_dump(OLD))
    return tmp_path


def test_the_wheel_runs_without_the_server(program: Path, folder: Path) -> None:
    code = "import contracts.compat.command, sys; print(sorted(set(sys.modules) & {'app', 'fastapi', 'sqlalchemy'}))"
    assert run(program.with_name("python"), "-c", code, cwd=folder).stdout == "[]\n"
    done = run(program, "diff", "old.yaml", "openapi.json", cwd=folder)
    assert done.returncode == 1, done.stderr
    assert "breaking  request-parameter-added-required" in done.stdout
    assert done.stdout.endswith("1 breaking, 0 warnings, 1 changes.\n")
    assert run(program, "diff", "old.yaml", "old.yaml", cwd=folder).returncode == 0


def test_documents_come_from_files_commits_and_standard_input(program: Path, folder: Path) -> None:
    for old, new, text in (
        ("git:HEAD:openapi.json", "openapi.json", None),
        ("-", "openapi.json", json.dumps(OLD)),
        ("old.yaml", "-", json.dumps(NEW)),
    ):
        done = run(program, "diff", old, new, "--format", "json", cwd=folder, text=text)
        assert done.returncode == 1, done.stderr
        assert json.loads(done.stdout)["breaking"] == 1
    for source in ("git:HEAD:none.json", "git:none:openapi.json", "git:openapi.json", "git:--help:x", "none.json"):
        done = run(program, "diff", source, "openapi.json", cwd=folder)
        assert done.returncode == 2, source
        assert done.stderr.startswith(f"Error: {source}: "), done.stderr
    assert run(program, "diff", "-", "-", cwd=folder, text="{}").returncode == 2
    assert path_of("git:HEAD:api/openapi.json") == "api/openapi.json"


def test_a_document_is_that_of_its_commit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = ("git", "-c", "user.name=T", "-c", "user.email=t@example.org")
    assert run(*git, "commit", "-q", "-a", "-m", "y", cwd=folder).returncode == 0
    monkeypatch.chdir(folder)
    assert [read_source(f"git:{commit}:openapi.json") for commit in ("HEAD~1", "HEAD")] == [OLD, NEW]


def test_both_commands_report_the_same(
    program: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("diff", "git:HEAD:openapi.json", "openapi.json", "--format", "sarif")
    theirs = run(program, *arguments, cwd=folder).stdout
    monkeypatch.chdir(folder)
    assert main(list(arguments)) == 1
    assert capsys.readouterr().out == theirs
    server = run(BINARIES / "strata", "contract", *arguments, cwd=folder, STRATA_HOME=str(folder / "home"))
    assert server.stdout == theirs


def test_annotations_name_the_document(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(folder)
    main(["diff", "git:HEAD:openapi.json", "openapi.json", "--format", "github"])
    printed = capsys.readouterr().out
    assert printed.startswith("::error file=openapi.json,title=request-parameter-added-required::")
    assert printed.splitlines()[1:] == ["::notice title=strata-contract::1 breaking, 0 warnings, 1 changes."]


def test_text_of_a_document_adds_no_annotation(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    hostile = with_parameters(parameter("q\n::error::x", required=True))
    (folder / "openapi.json").write_text(json.dumps(hostile))
    monkeypatch.chdir(folder)
    for form in ("github", "text"):
        main(["diff", "old.yaml", "openapi.json", "--format", form])
        assert "\n::error::x" not in capsys.readouterr().out


def test_git_gets_no_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotOpenAPI, match="must be git:REV:PATH"):
        read_source("git:--output=x:y")
    assert list(tmp_path.iterdir()) == []


def test_the_action_and_the_hook_run_the_command(tmp_path: Path) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    (step,) = action["runs"]["steps"]
    used = set("".join(step["env"].values()).replace("}", " ").split())
    assert {f"inputs.{name}" for name in action["inputs"]} <= used
    assert run("bash", "-n", "-c", step["run"], cwd=tmp_path).returncode == 0
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    entry = ROOT / hook["entry"]
    assert os.access(entry, os.X_OK)
    uvx = tmp_path / "uvx"
    uvx.write_text('#!/bin/sh\necho "$@"\n')
    uvx.chmod(0o755)
    done = run(entry, "a.json", "b.json", cwd=tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.stdout == f"--quiet --from {entry.parent} strata-contract diff a.json b.json\n"
