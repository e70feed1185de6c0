"""Finds the released contract of a version: the one in the newest git tag."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class ReleasedContract:
    """A tag, and the OpenAPI document in it."""

    tag: str
    document: dict[str, Any]


def find_released(version: str, folder: Path) -> ReleasedContract | None:
    """The released contract of a version. ``None`` without git, a repository or a tag.

    A tag `contracts/v1` (or `contracts/v1.3`) takes precedence over a release tag such as `v0.4.0`, a newer tag over an
    older one.
    """
    for pattern in (f"contracts/{version}", f"contracts/{version}[.-]*", "v[0-9]*.[0-9]*"):
        tags = _git(folder, "for-each-ref", "--sort=-creatordate", "--format=%(refname:short)", f"refs/tags/{pattern}")
        for tag in (tags or "").split():
            if (text := _git(folder, "show", f"{tag}:./{version}.openapi.json")) is not None:
                return ReleasedContract(tag, json.loads(text))
    return None


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments and the name of a version
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - git of the PATH
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
