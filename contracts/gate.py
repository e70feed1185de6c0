"""The contract gate of `make check`: compares the code with the frozen contracts, and these with the released ones."""

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from app.lifecycle.version import VersionStatus
from contracts import freeze
from contracts.compat import DiffFinding, NotOpenAPI, Report, Severity, diff
from contracts.compat.waivers import find_expired, find_unused, read_waivers, remove_waived
from contracts.released import ReleasedContract, find_released
from versions.registry import VERSIONS

WAIVERS: Final = "waivers.toml"
FindReleased = Callable[[str, Path], ReleasedContract | None]


@dataclass(slots=True)
class VersionResult:
    """The result of the gate for one version."""

    version: str
    # The lines of the diff between the frozen document and the code.
    drift: list[str] = field(default_factory=list)
    changes: Report = field(default_factory=lambda: Report(()))
    tag: str | None = None
    since_release: Report = field(default_factory=lambda: Report(()))

    @property
    def failed(self) -> bool:
        """Whether the code differs from the frozen contract, or that breaks the released one."""
        return bool(self.drift) or self.since_release.breaks

    def to_dict(self) -> dict[str, Any]:
        """The result in JSON output."""
        return {
            "failed": self.failed,
            "drift": self.drift,
            "changes": self.changes.to_dict(),
            "tag": self.tag,
            "since_release": self.since_release.to_dict(),
        }


@dataclass(slots=True)
class GateResult:
    """The result of the gate for all versions, and the problems of the waivers."""

    versions: list[VersionResult]
    problems: list[str]

    @property
    def failed(self) -> bool:
        """Whether `make check` fails."""
        return bool(self.problems) or any(version.failed for version in self.versions)


def check(folder: Path = freeze.FOLDER, find: FindReleased = find_released, today: date | None = None) -> GateResult:
    """Compare the code with the frozen contracts in ``folder``, and these with the released ones."""
    today = today or datetime.now(UTC).date()
    waivers = read_waivers(folder / WAIVERS)
    results = []
    reports = []
    any_released = False
    for version in VERSIONS:
        result = VersionResult(version.name)
        path = folder / f"{version.name}.openapi.json"
        text = path.read_text() if path.exists() else ""
        current = freeze.document(version)
        release = find(version.name, folder)
        any_released |= release is not None
        frozen = _parsed(text, path)
        if text != freeze.canonical_json(current):
            result.drift = _difference(version.name, text, freeze.canonical_json(current))
            result.changes = Report(()) if frozen is None else diff(frozen, current, today=today)
        if release is not None and frozen is not None and version.status is not VersionStatus.PREVIEW:
            result.tag = release.tag
            result.since_release = diff(release.document, frozen, today=today)
        reports += [result.changes, result.since_release]
        result.changes, result.since_release = (
            remove_waived(report, waivers) for report in (result.changes, result.since_release)
        )
        results.append(result)
    problems = find_expired(waivers, today)
    # Without a comparison it is unknown whether a waiver is needed.
    if any_released or any(result.drift for result in results):
        problems += find_unused(waivers, reports)
    return GateResult(results, problems)


def breaking_changes(folder: Path = freeze.FOLDER, today: date | None = None) -> Mapping[str, list[DiffFinding]]:
    """The breaking findings by version that `freeze` would write. Previews may break clients and are left out."""
    waivers = read_waivers(folder / WAIVERS)
    found = {}
    for version in VERSIONS:
        path = folder / f"{version.name}.openapi.json"
        if version.status is VersionStatus.PREVIEW or not path.exists():
            continue
        report = remove_waived(diff(json.loads(path.read_text()), freeze.document(version), today=today), waivers)
        if report.breaks:
            found[version.name] = [finding for finding in report if finding.severity is Severity.BREAKING]
    return found


def advice(version: str, finding: DiffFinding) -> str:
    """A sentence that says what to do about a finding."""
    if finding.severity is Severity.BREAKING:
        return (
            f"Undo it in {version} and make the change in the next version, or add a waiver "
            f"with a reason and a date to contracts/{WAIVERS}."
        )
    return "If the change is intended, run `strata contract freeze` and commit the result."


def _parsed(text: str, path: Path) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        content = json.loads(text)
    except ValueError as error:
        raise NotOpenAPI(f"{path}: {error}") from None
    if not isinstance(content, dict):
        raise NotOpenAPI(f"{path}: the top level is not an object")
    return content


def _difference(name: str, frozen: str, current: str) -> list[str]:
    lines = difflib.unified_diff(frozen.splitlines(), current.splitlines(), f"{name} (frozen)", f"{name} (code)", n=2)
    return list(lines)
