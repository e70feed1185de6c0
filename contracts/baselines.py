"""Baselines: the documents that were released, which `strata contract release` writes and every check compares with."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from contracts.documents import parse_document
from contracts.kinds import ContractKind

Digests = Mapping[str, str | None]
"""The digest of the baseline of each version; ``None`` for a version that was not released."""
_RESTORE: Final = (
    "only `strata contract release` writes it: restore it and versions/lifecycle.json from version control."
)


def digest_of(content: bytes) -> str:
    """The digest of a document, as versions/lifecycle.json records it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def read_baseline(kind: ContractKind, version: str, folder: Path, digests: Digests) -> dict[str, Any] | None:
    """The released document of a version; ``None`` if it was not released, or if ``baseline_problems`` reports it."""
    path = kind.baseline_path(version, folder)
    if digests.get(version) is None or not path.exists():
        return None
    content = path.read_bytes()
    return parse_document(content.decode(), path) if digest_of(content) == digests[version] else None


def baseline_problems(kind: ContractKind, folder: Path, digests: Digests) -> Iterator[str]:
    """Yield a sentence for each released version without its baseline, changed baseline, and orphan file."""
    expected = {}
    for version, digest in digests.items():
        if digest is None:
            continue
        path = kind.baseline_path(version, folder)
        expected[path.name] = path
        if not path.exists():
            yield f"{version} was released, and its baseline {_shown(path)} is missing; {_RESTORE}"
        elif (found := digest_of(path.read_bytes())) != digest:
            yield f"{version}: the baseline {_shown(path)} has the digest {found}, recorded is {digest}; {_RESTORE}"
    released = kind.baseline_path("", folder).parent
    for path in sorted(released.iterdir()) if released.is_dir() else ():
        if path.name not in expected and path.name.endswith(f".{kind.suffix}"):
            version = path.name.removesuffix(f".{kind.suffix}")
            yield (
                f"{_shown(path)} is not recorded in versions/lifecycle.json: delete it. "
                f"`strata contract release {version}` writes the baseline of a version."
            )


def write_baseline(kind: ContractKind, version: str, folder: Path) -> tuple[Path, str]:
    """Copy the frozen document of a version to its baseline. Returns the path and the digest."""
    content = kind.frozen_path(version, folder).read_bytes()
    path = kind.baseline_path(version, folder)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path, digest_of(content)


def _shown(path: Path) -> str:
    return f"contracts/{path.parent.name}/{path.name}"
