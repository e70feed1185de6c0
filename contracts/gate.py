"""The gate of `make check`: the code against the frozen contracts, and those against what was released."""

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from app.lifecycle.version import VersionStatus
from contracts import freeze
from contracts.compat import Finding, NotOpenAPI, Report, Severity, diff
from contracts.compat.waivers import expired, read_waivers, unused, unwaived
from contracts.released import Released, released
from versions.registry import VERSIONS

WAIVERS: Final = "exceptions.toml"
Find = Callable[[str, Path], Released | None]


@dataclass(slots=True)
class Verdict:
    """What the gate says about one version."""

    version: str
    # The lines of the textual difference between the frozen document and the code.
    drift: list[str] = field(default_factory=list)
    changes: Report = field(default_factory=lambda: Report(()))
    tag: str | None = None
    since_release: Report = field(default_factory=lambda: Report(()))

    @property
    def failed(self) -> bool:
        """Whether the code drifted, or the frozen contract breaks the released one."""
        return bool(self.drift) or self.since_release.breaks

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "failed": self.failed,
            "drift": self.drift,
            "changes": self.changes.to_dict(),
            "tag": self.tag,
            "since_release": self.since_release.to_dict(),
        }


@dataclass(slots=True)
class Outcome:
    """What the gate says about everything."""

    verdicts: list[Verdict]
    problems: list[str]

    @property
    def failed(self) -> bool:
        """Whether `make check` stops."""
        return bool(self.problems) or any(verdict.failed for verdict in self.verdicts)


def check(folder: Path = freeze.FOLDER, find: Find = released, today: date | None = None) -> Outcome:
    """Compare the code with the frozen contracts in a folder, and these with the released ones."""
    today = today or datetime.now(UTC).date()
    waivers = read_waivers(folder / WAIVERS)
    verdicts = []
    reports = []
    tagged = False
    for version in VERSIONS:
        verdict = Verdict(version.name)
        path = folder / f"{version.name}.openapi.json"
        text = path.read_text() if path.exists() else ""
        current = freeze.document(version)
        found = find(version.name, folder)
        tagged |= found is not None
        frozen = _parsed(text, path)
        if text != freeze.canonical(current):
            verdict.drift = _difference(version.name, text, freeze.canonical(current))
            verdict.changes = Report(()) if frozen is None else diff(frozen, current, today=today)
        if found is not None and frozen is not None and version.status is not VersionStatus.PREVIEW:
            verdict.tag = found.tag
            verdict.since_release = diff(found.document, frozen, today=today)
        reports += [verdict.changes, verdict.since_release]
        verdict.changes, verdict.since_release = (
            unwaived(report, waivers) for report in (verdict.changes, verdict.since_release)
        )
        verdicts.append(verdict)
    problems = expired(waivers, today)
    # Whether an exception is needed shows only where something was compared.
    if tagged or any(verdict.drift for verdict in verdicts):
        problems += unused(waivers, reports)
    return Outcome(verdicts, problems)


def breaking(folder: Path = freeze.FOLDER, today: date | None = None) -> Mapping[str, list[Finding]]:
    """What `freeze` would write down although it breaks clients, by version; a preview may."""
    waivers = read_waivers(folder / WAIVERS)
    found = {}
    for version in VERSIONS:
        path = folder / f"{version.name}.openapi.json"
        if version.status is VersionStatus.PREVIEW or not path.exists():
            continue
        report = unwaived(diff(json.loads(path.read_text()), freeze.document(version), today=today), waivers)
        if report.breaks:
            found[version.name] = [finding for finding in report if finding.severity is Severity.BREAKING]
    return found


def advice(version: str, finding: Finding) -> str:
    """What to do about a finding."""
    if finding.severity is Severity.BREAKING:
        return (
            f"Undo it in {version} and make the change in the next version, or grant an exception "
            f"with a reason and a day in contracts/{WAIVERS}."
        )
    return "If it is meant, run `strata contract freeze` and commit the result."


def _parsed(text: str, path: Path) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        content = json.loads(text)
    except ValueError as error:
        raise NotOpenAPI(f"{path}: {error}") from None
    if not isinstance(content, dict):
        raise NotOpenAPI(f"{path}: not an object")
    return content


def _difference(name: str, promised: str, said: str) -> list[str]:
    lines = difflib.unified_diff(promised.splitlines(), said.splitlines(), f"{name} (frozen)", f"{name} (code)", n=2)
    return list(lines)
