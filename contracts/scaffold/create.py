"""Adds a preview of the next version, as a copy of an existing version."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from contracts.guide.pairing import FILE as PAIRING
from contracts.kinds import FOLDER, all_kinds
from contracts.scaffold.errors import ScaffoldError
from contracts.scaffold.places import ROOT, declared_names, own_places_of, places_of
from contracts.scaffold.texts import renamed, with_preview_project
from versions.kit.names import is_version_name, number_of
from versions.kit.tombstones import REMOVED, read_tombstones

PROJECTS: Final = Path("schemathesis.toml")
_CONTRACTS: Final = FOLDER.name
_DECLARATION: Final = '''"""The declaration of {name}."""

from datetime import date
from typing import Final

from app.lifecycle.version import VersionStatus
from versions.kit.version import ApiVersion
from versions.{name}.app import build
from versions.{name}.events import RENDERER

VERSION: Final = ApiVersion(
    name="{name}",
    status=VersionStatus.PREVIEW,
    released=date({day.year}, {day.month}, {day.day}),
    build=build,
    events=RENDERER,
)
'''
_PAIRING: Final = """\
# The successors of the operations, schemas, fields and parameters of {parent} in {name}. Names in both versions need no
# line. `strata contract guide` fails for names that do not exist, and for parts of {parent} that are neither in {name}
# under the same name nor in this file.

# Operations with another method or path.
[operations]

# Operations without a successor, and the alternative.
[removed]

# Successors of schemas with another name.
[schemas]

# Successors of fields and parameters, by schema or operation. Without a successor: `none: ` and the reason.
[fields]
"""


@dataclass(frozen=True, slots=True)
class Creation:
    """The files and folders of a new version, relative to the root."""

    name: str
    parent: str
    copies: dict[Path, Path]
    """The source of each copy."""

    @property
    def changes(self) -> Path:
        """The folder of the fragments of the migration guide."""
        return Path(_CONTRACTS, "changes", f"{self.parent}-to-{self.name}")


def contracts_of(name: str) -> list[Path]:
    """The frozen documents of a version, relative to the root."""
    return [kind.frozen_path(name, Path(_CONTRACTS)) for kind in all_kinds()]


def plan_creation(name: str, parent: str, root: Path = ROOT) -> Creation:
    """Check that the version can be created. Raises ``ScaffoldError``."""
    names = declared_names(root)
    removed = [one.name for one in read_tombstones(root / REMOVED.relative_to(ROOT))]
    if not is_version_name(name):
        raise ScaffoldError(f"The name of a version must be v and a number, got '{name}'.", "For example: v9.")
    if parent not in names:
        raise ScaffoldError(f"There is no version {parent}.", f"The versions are {', '.join(names)}.")
    if taken := [one for one in (*names, *removed) if number_of(one) >= number_of(name)]:
        raise ScaffoldError(
            f"{name} must be later than every version, and there is {taken[-1]}.",
            f"Choose v{max(map(number_of, taken)) + 1} or a later name.",
        )
    if left := places_of(name, root):
        listed = ", ".join(path.as_posix() for path in left)
        raise ScaffoldError(f"{name} has no declaration, but there is {listed}.", "Move these files away.")
    return Creation(
        name,
        parent,
        {
            path.with_name(renamed(path.name, parent, name)): path
            for path in own_places_of(parent, root)
            # Contracts are generated, and those of a release are no template.
            if path not in contracts_of(parent) and path.parent != Path(_CONTRACTS, "released")
        },
    )


def create(creation: Creation, today: date, root: Path = ROOT) -> list[Path]:
    """Write the files of the version, without its contract. Returns the top-level paths that were created."""
    name, parent = creation.name, creation.parent
    for target, source in creation.copies.items():
        _copy(root / source, root / target)
        for path in _files(root / target):
            path.write_text(renamed(path.read_text(encoding="utf-8"), parent, name), encoding="utf-8")
    declaration = root / "versions" / name / "version.py"
    declaration.write_text(_DECLARATION.format(name=name, day=today), encoding="utf-8")
    changes = root / creation.changes
    changes.mkdir()
    (changes / PAIRING).write_text(_PAIRING.format(parent=parent, name=name), encoding="utf-8")
    projects = root / PROJECTS
    projects.write_text(with_preview_project(projects.read_text(encoding="utf-8"), parent, name), encoding="utf-8")
    return [*creation.copies, creation.changes]


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from (one for one in path.rglob("*") if one.is_file())
