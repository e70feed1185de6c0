"""Promotes a preview: lists what its migration guide lacks, then makes it the current version."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from app.lifecycle.version import VersionStatus
from contracts.compat import DiffFinding, Severity
from contracts.guide.build import CHANGELOG, CHANGES, Sources, compared, sources_of
from contracts.guide.changelog import with_place
from contracts.guide.pairing import find_problems, operations
from contracts.guide.patterns import named_pointer
from contracts.scaffold.create import PROJECTS
from contracts.scaffold.errors import ScaffoldError
from contracts.scaffold.examples import request_of
from contracts.scaffold.places import ROOT
from contracts.scaffold.texts import with_promoted_project
from versions.kit.version import ApiVersion

UNWRITTEN: Final = "To be written: what clients must change, and why."
"""The text of a stub. A fragment that contains it is not written."""
_STUB: Final = """+++
title = {title}
kind = "changed"
since = {day}
before = "`{old}`"
after = "`{new}`"
covers = [
    {cover},
]
+++
{unwritten}

## Before

{before}
## After

{after}"""
_EXAMPLE: Final = """```http
{http}
```

```python
{python}
```
"""


@dataclass(frozen=True, slots=True)
class Promotion:
    """The sources of the migration guide to a preview, and the findings that no fragment explains."""

    sources: Sources
    unexplained: Sequence[DiffFinding]
    unpaired: Sequence[str]
    """What `pairing.toml` lacks."""

    @property
    def unwritten(self) -> list[str]:
        """The fragments that are still stubs."""
        return [f"{one.name}.md" for one in self.sources.fragments if UNWRITTEN in one.prose]


def plan_promotion(name: str, versions: Sequence[ApiVersion], changes: Path = CHANGES) -> Promotion:
    """Compare a preview with its parent. Raises ``ScaffoldError``, ``GuideError``."""
    by_name = {version.name: version for version in versions}
    new = by_name.get(name)
    if new is None or new.status is not VersionStatus.PREVIEW:
        status = "does not exist" if new is None else f"is {new.status}"
        raise ScaffoldError(f"{name} {status}: only a preview can be promoted.", "`strata versions list` shows them.")
    parents = [folder.name.partition("-to-")[0] for folder in changes.glob(f"*-to-{name}")]
    old = next((by_name[parent] for parent in parents if parent in by_name), None)
    if old is None:
        raise ScaffoldError(f"contracts/changes has no folder for {name}.", "`strata versions new` creates it.")
    current = [version.name for version in versions if version.status is VersionStatus.CURRENT]
    if current not in ([], [old.name]):
        raise ScaffoldError(
            f"{current[0]} is current, and {name} is a copy of {old.name}.", f"Copy {current[0]} instead."
        )
    sources = sources_of(old, new, changes)
    report, coverage = compared(sources)
    explained = {(one.rule, one.pointer) for found in coverage.found.values() for one in found}
    unexplained = [
        one for one in report if one.severity is not Severity.SAFE and (one.rule, one.pointer) not in explained
    ]
    return Promotion(sources, unexplained, list(find_problems(sources.pairing, *sources.documents)))


def write_stubs(promotion: Promotion, today: date) -> list[Path]:
    """Write a fragment for each finding that has none, with an example of both versions. Returns the paths."""
    sources = promotion.sources
    numbers = [int(found[1]) for one in sources.fragments if (found := re.match(r"(\d+)", one.name))]
    number = max(numbers, default=0)
    written = []
    for finding in promotion.unexplained:
        number += 10
        pointer = named_pointer(finding, *sources.documents)
        words = re.sub(r"[^a-z0-9]+", "-", f"{finding.rule}-{pointer.rpartition('/')[2]}".lower()).strip("-")
        path = sources.folder / f"{number:03}-{words[:60]}.md"
        before, after = (
            _example(version, document, finding)
            for version, document in zip((sources.old, sources.new), sources.documents, strict=True)
        )
        text = _STUB.format(
            title=json.dumps(f"{finding.message} ({number})", ensure_ascii=False),
            day=today,
            old=sources.old.name,
            new=sources.new.name,
            cover=json.dumps(f"{finding.rule} {pointer}"),
            unwritten=UNWRITTEN,
            before=before,
            after=after,
        )
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def promote(promotion: Promotion, today: date, root: Path = ROOT) -> None:
    """Declare the preview current, and its parent supported with the preview as its successor."""
    old, new = promotion.sources.old.name, promotion.sources.new.name
    _edit(
        root / "versions" / new / "version.py",
        (r"VersionStatus\.PREVIEW", "VersionStatus.CURRENT"),
        (r"released=date\([^)]*\)", f"released=date({today.year}, {today.month}, {today.day})"),
    )
    _edit(
        root / "versions" / old / "version.py",
        (r"VersionStatus\.CURRENT", "VersionStatus.SUPPORTED"),
        (r"\n    build=build", f'\n    successor="{new}",\n    build=build'),
    )
    entries = root / CHANGELOG
    entries.write_text(with_place(entries.read_text(encoding="utf-8"), f"{old}-to-{new}"), encoding="utf-8")
    projects = root / PROJECTS
    projects.write_text(with_promoted_project(projects.read_text(encoding="utf-8"), new), encoding="utf-8")


def _edit(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement, text)
        if count != 1:
            raise ScaffoldError(f"{path} must contain '{pattern}' once.", "Edit the declaration by hand.")
    path.write_text(text, encoding="utf-8")


def _example(version: ApiVersion, document: Mapping[str, Any], finding: DiffFinding) -> str:
    """An example of the operation that a finding is about, or of the first read where the version lacks it."""
    known = operations(document)
    wanted = [name for name in finding.operations if name in known]
    name = wanted[0] if wanted else next(name for name in known if name.startswith("GET ") and "{" not in name)
    return _EXAMPLE.format(**request_of(version, name, known[name], document))
