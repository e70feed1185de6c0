"""A copy of the source, in which tests execute the recipes of CONTRIBUTING.md."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Final, Self

from tests.support.copied_program import CopiedProgram
from tests.support.postgres import owner_dsn

ROOT: Final = Path(__file__).parents[2]
_COPIED: Final = ("app", "versions", "observability", "contracts", "tests/support", "pyproject.toml")
_NEWEST: Final = "NEWEST_REVISION"
_BLOCK: Final = re.compile(r"^ *```(diff|python)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_SHELL: Final = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_VERSION: Final = re.compile(r"\bv\d+\b")
_REVISION: Final = re.compile(r'^revision: str = "(\w+)"', re.MULTILINE)
_EARLIER: Final = re.compile(r'^down_revision: .* = "(\w+)"', re.MULTILINE)
_SECONDS: Final = 800


@dataclass(frozen=True)
class Edit:
    """One block of a recipe: the lines that replace ``old``, or a new file if ``old`` is empty."""

    path: str
    old: str
    new: str


def recipe(heading: str) -> list[Edit]:
    """The edits of a section of CONTRIBUTING.md, in its order."""
    found = [_edit(kind, dedent(text)) for kind, text in _BLOCK.findall(_section(heading))]
    assert found, f"CONTRIBUTING.md has no blocks in the section {heading!r}"
    return found


def commands(heading: str, *versions: str) -> list[list[str]]:
    """The commands in a section of CONTRIBUTING.md, in its order: lines of shell blocks, and code within sentences.

    The versions that each command names are replaced by ``versions``, in the order of their first appearance.
    """
    found = [line for block in _SHELL.findall(_section(heading)) for line in block.splitlines()]
    found = re.findall(r"`((?:strata|make|python -m) [^`]+)`", re.sub(_SHELL, "", _section(heading))) + found
    page = _section(heading)
    ordered = sorted(dict.fromkeys(found), key=page.index)
    assert ordered, f"CONTRIBUTING.md has no commands in the section {heading!r}"
    return [shlex.split(_with_versions(command, versions), comments=True) for command in ordered]


def _with_versions(command: str, versions: Sequence[str]) -> str:
    names = dict(zip(dict.fromkeys(_VERSION.findall(command)), versions, strict=False))
    return _VERSION.sub(lambda found: names[found[0]], command)


def _section(heading: str) -> str:
    """The text of a section, without the sections below it."""
    page = (ROOT / "CONTRIBUTING.md").read_text()
    _, found, after = re.split(rf"^(#{{2,3}} {re.escape(heading)}\n)", page, maxsplit=1, flags=re.MULTILINE)
    assert found
    return re.split(r"^#{2,3} ", after, maxsplit=1, flags=re.MULTILINE)[0]


def _edit(kind: str, text: str) -> Edit:
    first, _, rest = text.partition("\n")
    path = first.removeprefix("--- ").removeprefix("# ")
    if kind == "python":
        return Edit(path, "", rest)
    lines = rest.splitlines()
    old, new = ([line[1:] for line in lines if line[:1] not in without] for without in ("+", "-"))
    return Edit(path, "\n".join(old), "\n".join(new))


class SourceCopy:
    """A copy of the source in a Git repository of its own, with a database if ``dsn`` is given.

    A context, at whose end the process with the imported program ends.
    """

    def __init__(self, folder: Path, dsn: str = "") -> None:
        self.folder = folder
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(folder),
            "STRATA_HOME": str(folder.with_name(f"{folder.name}-home")),
        } | ({"STRATA_DATABASE__URL": dsn, "STRATA_DATABASE__OWNER_URL": owner_dsn(dsn)} if dsn else {})
        for name in _COPIED:
            source, target = ROOT / name, folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("node_modules"))
            else:
                shutil.copy(source, target)
        (folder / "tests" / "__init__.py").touch()
        self._program = CopiedProgram(folder, self._environment)
        self.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._program.stop()

    def apply(self, edits: Sequence[Edit]) -> None:
        """Apply the edits. The context of each must be in its file exactly once."""
        for edit in edits:
            path = self.folder / edit.path
            if not edit.old:
                assert not path.exists(), f"{edit.path} exists already"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(edit.new.replace(_NEWEST, self._newest_revision()))
                continue
            before = path.read_text()
            context = re.compile(rf"^{re.escape(edit.old)}$", re.MULTILINE)
            assert len(context.findall(before)) == 1, f"{edit.path} must have these lines once:\n{edit.old}"
            path.write_text(context.sub(lambda _, new=edit.new: new, before))

    def hunks(self) -> dict[str, int]:
        """The number of contiguous changes since the last commit, by file; new files are left out."""
        changed = self.run("git", "diff", "--unified=0", "--no-color").stdout
        parts = re.split(r"^diff --git a/(\S+) .*$", changed, flags=re.MULTILINE)[1:]
        return {
            path: len(re.findall(r"^@@ ", text, re.MULTILINE))
            for path, text in zip(parts[::2], parts[1::2], strict=True)
        }

    def commit(self) -> None:
        """Record the present state, with which ``hunks`` compares."""
        self.run("git", "init", "-q")
        self.run("git", "add", "-A")
        named = ("-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
        self.run("git", *named, "commit", "-qm", "state", "--allow-empty")

    def strata(self, *arguments: str, expected: int = 0) -> str:
        """Run a ``strata`` command of the copy, and return what it prints."""
        done = self._program.run(arguments, _SECONDS)
        assert done.returncode == expected, f"{arguments}:\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def python(self, code: str) -> str:
        """Run a program with the modules of the copy, whose imports leave no garbage to look for."""
        return self.run(sys.executable, "-c", f"import gc; gc.disable()\n{code}").stdout

    def run(self, *command: str, expected: int = 0) -> "subprocess.CompletedProcess[str]":
        """Run a command in the folder of the copy."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == expected, f"{command}:\n{done.stdout}{done.stderr}"
        return done

    def _newest_revision(self) -> str:
        folder = self.folder / "app" / "migrations" / "versions"
        text = "\n".join(path.read_text() for path in folder.glob("*.py"))
        (newest,) = set(_REVISION.findall(text)) - set(_EARLIER.findall(text))
        return str(newest)
