"""Removes a retired version, and leaves a tombstone and its archived guide."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Final

from app.lifecycle.version import VersionLifecycle, VersionStatus
from app.web.migration_guide import archived_page
from contracts.compat.exceptions import remove_exceptions
from contracts.freeze import EXCEPTIONS
from contracts.guide.build import PAGES
from contracts.kinds import FOLDER
from contracts.scaffold.create import PROJECTS
from contracts.scaffold.errors import ScaffoldError
from contracts.scaffold.places import ROOT, declared_names, places_of
from contracts.scaffold.texts import mentions, without_missing_files, without_modules, without_project
from versions.kit.tombstones import REMOVED, Tombstone, read_tombstones, tombstones_form

_ARCHIVE: Final = PAGES / "archived"
_COSTS: Final = Path("tests/costs.json")
_EXCEPTIONS: Final = Path(FOLDER.name, EXCEPTIONS)
_SURVIVORS: Final = Path("tests/mutants/survivors.toml")
_PAGES: Final = ("CHANGELOG.md", "README.md", "contracts/README.md")
"""The pages that link to guides."""
_HISTORY: Final = frozenset({"CHANGELOG.md", "uv.lock"})
_OTHERS: Final = frozenset({"node_modules", "adr", "archived", "homes", "migrations", "__pycache__", "removed.json"})
_SUFFIXES: Final = frozenset({".py", ".toml", ".yaml", ".yml", ".md", ".json"})


@dataclass(frozen=True, slots=True)
class Removal:
    """What the removal of a version deletes, and what it writes; relative to the root."""

    tombstone: Tombstone
    deleted: list[Path]

    @property
    def guide(self) -> Path:
        """The migration guide, which is archived."""
        return PAGES / f"{self.tombstone.guide}.md"

    @property
    def archived(self) -> Path:
        """The archived guide."""
        return _ARCHIVE / f"{self.tombstone.guide}.html"

    @property
    def written(self) -> list[Path]:
        """The files that change."""
        return [REMOVED.relative_to(ROOT), self.archived, PROJECTS, _EXCEPTIONS, _COSTS, _SURVIVORS, *map(Path, _PAGES)]


def plan_removal(lifecycle: VersionLifecycle, today: date, root: Path = ROOT) -> Removal:
    """Check that the version can be removed. Raises ``ScaffoldError``."""
    name, successor = lifecycle.name, lifecycle.successor
    if lifecycle.status is not VersionStatus.RETIRED or successor is None:
        raise ScaffoldError(
            f"{name} is {lifecycle.status}: only a retired version can be removed.",
            f"`strata versions retire {name}`, then declare it retired in versions/{name}/version.py.",
        )
    if len(declared_names(root)) == 1:
        raise ScaffoldError(f"{name} is the only version.", "Add its successor first: `strata versions new`.")
    declared = {one.name: getattr(lifecycle, one.name) for one in fields(VersionLifecycle)}
    tombstone = Tombstone(**declared, removed=today, guide=f"{name}-to-{successor}")
    removal = Removal(tombstone, places_of(name, root))
    if not (root / removal.guide).exists():
        raise ScaffoldError(f"{removal.guide} does not exist.", "`strata contract guide` writes it.")
    return removal


def remove(removal: Removal, root: Path = ROOT) -> None:
    """Archive the guide, write the tombstone, and delete what is about the version."""
    tombstone = removal.tombstone
    note = (
        f"{tombstone.name} ended on {tombstone.retired_at:%-d %B %Y}, and its code was removed. "
        f"This guide is archived: its examples are not run any more."
    )
    archived = root / removal.archived
    archived.parent.mkdir(exist_ok=True)
    archived.write_text(archived_page((root / removal.guide).read_text(encoding="utf-8"), note), encoding="utf-8")
    record = root / REMOVED.relative_to(ROOT)
    # The successor stays as it was recorded: `read_tombstones` follows one that is removed later.
    kept = {one.name: one for one in read_tombstones(record, follow=False)}
    record.write_bytes(tombstones_form(kept | {tombstone.name: tombstone}))
    for path in removal.deleted:
        if (root / path).is_dir():
            shutil.rmtree(root / path)
        else:
            (root / path).unlink()
    for page in _PAGES:
        _edit(root / page, lambda text: text.replace(removal.guide.as_posix(), removal.archived.as_posix()))
    _edit(root / PROJECTS, lambda text: without_project(text, tombstone.name))
    remove_exceptions(root / _EXCEPTIONS, tombstone.name)
    _edit(root / _COSTS, lambda text: without_missing_files(text, root))
    _edit(root / _SURVIVORS, lambda text: without_modules(text, f"versions.{tombstone.name}"))


def find_mentions(name: str, root: Path = ROOT) -> Iterator[str]:
    """The lines of code, configuration and pages that name a version, as ``file:line``; history is left out."""
    for path in sorted(root.rglob("*")):
        below = path.relative_to(root)
        skipped = below.name in _HISTORY or any(part.startswith(".") or part in _OTHERS for part in below.parts)
        if skipped or path.suffix not in _SUFFIXES or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if mentions(line, name):
                yield f"{below.as_posix()}:{number}"


def _edit(path: Path, change: Callable[[str], str]) -> None:
    if path.exists():
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
