"""Reads the documents that a command names: a file, `-` for standard input, `git:REV:PATH` for a file in a commit."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from contracts.compat.loading import NotOpenAPI, load, parse

_GIT: Final = "git:"
_SECONDS: Final = 30


def read_source(source: str) -> dict[str, Any]:
    """The OpenAPI document. Raises ``NotOpenAPI`` with the name of the source."""
    if source != "-" and not source.startswith(_GIT):
        return load(Path(source))
    content = sys.stdin.buffer.read() if source == "-" else _read_from_git(source)
    try:
        return parse(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise NotOpenAPI(f"{source}: not UTF-8 text") from None
    except NotOpenAPI as error:
        raise NotOpenAPI(f"{source}: {error}") from None


def path_of(source: str) -> str:
    """The path that reports name: of the file, also in a commit."""
    return source.split(":", 2)[-1] if source.startswith(_GIT) else source


def _read_from_git(source: str) -> bytes:
    revision, _, path = source.removeprefix(_GIT).partition(":")
    if not revision or not path or revision.startswith("-"):
        raise NotOpenAPI(f"{source}: must be git:REV:PATH, such as git:origin/main:openapi.json")
    try:
        done = subprocess.run(  # noqa: S603 - a revision and a path, of which neither is an option
            ["git", "show", f"{revision}:{path}"],  # noqa: S607 - git of the PATH
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotOpenAPI(f"{source}: git cannot be run: {error}") from None
    if done.returncode != 0:
        raise NotOpenAPI(f"{source}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
