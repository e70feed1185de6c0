"""Makes every guide, and says what stops it: one for each version that has a successor."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contracts import freeze
from contracts.compat import diff
from contracts.guide import changelog, pairing
from contracts.guide.coverage import cover
from contracts.guide.errors import GuideError
from contracts.guide.fragments import Fragment, read_fragments
from contracts.guide.markdown import Guide
from contracts.guide.pairing import Json, Pairing
from contracts.guide.recording import Recording
from versions.kit.version import ApiVersion
from versions.registry import VERSIONS

ROOT: Final = freeze.FOLDER.parent
CHANGES: Final = freeze.FOLDER / "changes"
PAGES: Final = Path("app/web/guides")
"""Where guides lie, below the root: with the code that serves them."""
CHANGELOG: Final = Path("CHANGELOG.md")
COMMAND: Final = "strata contract guide"


@dataclass(slots=True)
class Outcome:
    """The files as they should be, by their path below the root, and what is wrong with the sources."""

    root: Path = ROOT
    files: dict[Path, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def outdated(self) -> list[Path]:
        """The files that say something else."""
        return [path for path, text in self.files.items() if _text(self.root / path) != text]

    def write(self) -> list[Path]:
        """Write the files that say something else; which ones."""
        changed = self.outdated()
        for path in changed:
            (self.root / path).write_text(self.files[path], encoding="utf-8")
        return changed


@dataclass(frozen=True, slots=True)
class Sources:
    """What is written by hand about one pair of versions."""

    old: ApiVersion
    new: ApiVersion
    folder: Path
    documents: tuple[Json, Json]
    fragments: list[Fragment]
    pairing: Pairing

    @property
    def pair(self) -> str:
        """As in the URL of the guide: ``v1-to-v2``."""
        return self.folder.name


def sources(changes: Path = CHANGES, contracts: Path = freeze.FOLDER) -> Iterator[Sources]:
    """The sources of every guide there has to be. Raises ``GuideError``."""
    versions = {version.name: version for version in VERSIONS}
    for old in VERSIONS:
        if old.successor is None:
            continue
        new = versions[old.successor]
        folder = changes / f"{old.name}-to-{new.name}"
        if not folder.is_dir():
            raise GuideError(f"{old.name} has a successor, but contracts/changes has no {folder.name}", "Write it.")
        documents = tuple(json.loads((contracts / f"{one.name}.openapi.json").read_text()) for one in (old, new))
        yield Sources(
            old, new, folder, (documents[0], documents[1]), read_fragments(folder), pairing.read_pairing(folder)
        )


def build(changes: Path = CHANGES, contracts: Path = freeze.FOLDER, root: Path = ROOT) -> Outcome:
    """Make the guides and the changelog. Raises ``GuideError``."""
    outcome = Outcome(root)
    if (entries := _text(root / CHANGELOG)) is None:
        raise GuideError(f"There is no {CHANGELOG} in {root}", "Run it in a checkout of the repository.")
    outcome.files[CHANGELOG] = entries
    for one in sources(changes, contracts):
        found = list(pairing.problems(one.pairing, *one.documents))
        if not found:
            guide = guide_of(one, Recording.read(one.folder))
            found = list(guide.coverage.problems)
        if found:
            outcome.problems += [f"{one.pair}: {problem}" for problem in found]
            continue
        page = PAGES / f"{one.pair}.md"
        outcome.files[page] = guide.markdown()
        part = changelog.entries(one.pair, page.as_posix(), one.fragments)
        outcome.files[CHANGELOG] = changelog.replaced(outcome.files[CHANGELOG], one.pair, part)
    return outcome


def guide_of(one: Sources, recording: Recording) -> Guide:
    """The guide of a pair of versions, with these answers. Raises ``KeyError`` where the pairing has problems."""
    # A sunset has come, or has not, on the day the new version is released: the guide does not depend on today.
    report = diff(*one.documents, today=one.new.released, pairs=one.pairing.operations)
    return Guide(
        old=one.old,
        new=one.new,
        documents=one.documents,
        coverage=cover(one.fragments, report, *one.documents),
        fragments=one.fragments,
        pairing=one.pairing,
        recording=recording,
    )


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
