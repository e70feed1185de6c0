"""Finds what was released: the contract of a version as the newest git tag holds it."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class Released:
    """A tag, and the document it holds."""

    tag: str
    document: dict[str, Any]


def released(version: str, folder: Path) -> Released | None:
    """The released contract of a version, or none where git, the repository or a tag is missing.

    A tag `contracts/v1` (or `contracts/v1.3`) counts before a release tag such as `v0.4.0`; of several the newest.
    """
    for pattern in (f"contracts/{version}", f"contracts/{version}[.-]*", "v[0-9]*.[0-9]*"):
        tags = _git(folder, "for-each-ref", "--sort=-creatordate", "--format=%(refname:short)", f"refs/tags/{pattern}")
        for tag in (tags or "").split():
            if (text := _git(folder, "show", f"{tag}:./{version}.openapi.json")) is not None:
                return Released(tag, json.loads(text))
    return None


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words and the name of a version
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - whichever git the machine has
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
