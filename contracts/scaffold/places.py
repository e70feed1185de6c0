"""Finds the files that are about a version: those whose name, or that of a folder above them, contains its name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.guide.build import PAGES
from versions.kit.names import is_version_name, number_of

ROOT: Final = Path(__file__).parents[2]
_FOLDERS: Final = (Path("versions"), Path("contracts"), Path("tests"), PAGES)
_HISTORY: Final = frozenset({"adr", "archived"})
"""Folders of texts that stay when a version is removed."""
_NO_SOURCE: Final = frozenset({"__pycache__", "node_modules"})
_SEPARATORS: Final = re.compile(r"[._-]+")


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder, relative to the root, and the versions that it is about: one, or two that it compares."""

    path: Path
    versions: tuple[str, ...]


def find_places(root: Path = ROOT) -> list[Place]:
    """Returns the files and folders that are about versions, sorted; no place is below another."""
    found = [place for folder in _FOLDERS if (root / folder).is_dir() for place in _places(root, folder)]
    return sorted(set(found), key=lambda place: place.path)


def places_of(name: str, root: Path = ROOT) -> list[Path]:
    """Returns what is about this version, also in relation to another."""
    return [place.path for place in find_places(root) if name in place.versions]


def own_places_of(name: str, root: Path = ROOT) -> list[Path]:
    """Returns what is about this version alone."""
    return [place.path for place in find_places(root) if place.versions == (name,)]


def declared_names(root: Path = ROOT) -> list[str]:
    """Returns the names of the folders with a declaration, oldest first."""
    names = (path.parent.name for path in (root / "versions").glob("*/version.py"))
    return sorted((name for name in names if is_version_name(name)), key=number_of)


def _places(root: Path, folder: Path) -> Iterator[Place]:
    for path in (root / folder).iterdir():
        if path.name in _NO_SOURCE | _HISTORY or (path.is_dir() and not _contains_source(path)):
            continue
        versions = tuple(dict.fromkeys(word for word in _SEPARATORS.split(path.name) if is_version_name(word)))
        if versions:
            yield Place(path.relative_to(root), versions)
        elif path.is_dir():
            yield from _places(root, path.relative_to(root))


def _contains_source(folder: Path) -> bool:
    """Whether a folder has more than the caches of a removed one."""
    return any(path.is_file() and not _NO_SOURCE & set(path.parts) for path in folder.rglob("*"))
