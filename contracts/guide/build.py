"""Builds the migration guides: one for each version that has a successor."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contracts.comparisons import compared as compare_documents
from contracts.compat import Report
from contracts.guide import changelog, pairing
from contracts.guide.coverage import Coverage, check_coverage
from contracts.guide.errors import GuideError
from contracts.guide.fragments import Fragment, read_fragments
from contracts.guide.markdown import Guide
from contracts.guide.pairing import Json, Pairing
from contracts.guide.recorded_outputs import RecordedOutputs
from contracts.guide.sections import format_index
from versions.kit.version import ApiVersion
from versions.registry import VERSIONS

ROOT: Final = Path(__file__).parents[2]
CONTRACTS: Final = ROOT / "contracts"
CHANGES: Final = CONTRACTS / "changes"
PAGES: Final = Path("app/web/guides")
"""The folder of the guides below the root: beside the code that serves them."""
CHANGELOG: Final = Path("CHANGELOG.md")
COMMAND: Final = "strata contract guide"


@dataclass(slots=True)
class BuildResult:
    """The generated texts by path below `root`, and the problems of the sources."""

    root: Path = ROOT
    files: dict[Path, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def outdated_files(self) -> list[Path]:
        """The files whose content differs from the generated text."""
        return [path for path, text in self.files.items() if _text(self.root / path) != text]

    def write(self) -> list[Path]:
        """Write the outdated files. Returns their paths."""
        changed = self.outdated_files()
        for path in changed:
            (self.root / path).write_text(self.files[path], encoding="utf-8")
        return changed


@dataclass(frozen=True, slots=True)
class Sources:
    """The hand-written sources of one guide, and the contracts of its two versions."""

    old: ApiVersion
    new: ApiVersion
    folder: Path
    documents: tuple[Json, Json]
    fragments: list[Fragment]
    pairing: Pairing

    @property
    def pair(self) -> str:
        """The name of the guide in its URL: ``vN-to-vM``."""
        return self.folder.name


def read_sources(changes: Path = CHANGES, contracts: Path = CONTRACTS) -> Iterator[Sources]:
    """Read the sources of every guide. Raises ``GuideError`` if a version with a successor has none."""
    versions = {version.name: version for version in VERSIONS}
    for old in VERSIONS:
        if old.successor is None:
            continue
        new = versions[old.successor]
        folder = changes / f"{old.name}-to-{new.name}"
        if not folder.is_dir():
            raise GuideError(
                f"{old.name} has a successor, but contracts/changes/{folder.name} does not exist",
                "Create it with a fragment for each change: contracts/README.md explains how.",
            )
        yield sources_of(old, new, changes, contracts)


def sources_of(old: ApiVersion, new: ApiVersion, changes: Path = CHANGES, contracts: Path = CONTRACTS) -> Sources:
    """Read the sources of the guide from one version to another. Raises ``GuideError``."""
    folder = changes / f"{old.name}-to-{new.name}"
    documents = tuple(json.loads((contracts / f"{one.name}.openapi.json").read_text()) for one in (old, new))
    return Sources(old, new, folder, (documents[0], documents[1]), read_fragments(folder), pairing.read_pairing(folder))


def build(changes: Path = CHANGES, contracts: Path = CONTRACTS, root: Path = ROOT) -> BuildResult:
    """Generate the guides and the changelog. Raises ``GuideError``."""
    result = BuildResult(root)
    if (entries := _text(root / CHANGELOG)) is None:
        raise GuideError(f"{root} has no {CHANGELOG}", "Run the command in a checkout of the repository.")
    result.files[CHANGELOG] = entries
    for one in read_sources(changes, contracts):
        problems = list(pairing.find_problems(one.pairing, *one.documents))
        if not problems:
            guide = create_guide(one, RecordedOutputs.read(one.folder))
            problems = list(guide.coverage.problems)
        if problems:
            result.problems += [f"{one.pair}: {problem}" for problem in problems]
            continue
        page = PAGES / f"{one.pair}.md"
        result.files[page] = guide.to_markdown()
        result.files[page.with_suffix(".json")] = format_index(
            one.fragments, guide.coverage, one.documents[0], one.pairing
        )
        part = changelog.format_entries(one.pair, page.as_posix(), one.fragments)
        result.files[CHANGELOG] = changelog.replace_entries(result.files[CHANGELOG], one.pair, part)
    return result


def compared(one: Sources) -> tuple[Report, Coverage]:
    """Compare two versions, and match the findings with the fragments."""
    # Sunsets are compared with the release date of the new version, so the guide does not depend on today.
    report = compare_documents(*one.documents, one.new.released, one.pairing.operations)
    return report, check_coverage(one.fragments, report, *one.documents)


def create_guide(one: Sources, recorded: RecordedOutputs) -> Guide:
    """Create the guide of two versions. Raises ``KeyError`` if the pairing has problems."""
    return Guide(
        old=one.old,
        new=one.new,
        documents=one.documents,
        coverage=compared(one)[1],
        fragments=one.fragments,
        pairing=one.pairing,
        recorded=recorded,
    )


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
