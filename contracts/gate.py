"""The contract gate of `make check`: compares the code with the frozen contracts, and these with the released ones."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from app.lifecycle.version import VersionStatus
from contracts import kinds
from contracts.baselines import Digests, baseline_problems, read_baseline
from contracts.compat import Report, Severity
from contracts.compat.exceptions import (
    ChangeException,
    excepted,
    find_expired,
    find_unused,
    read_exceptions,
    without_causes,
    without_excepted,
)
from contracts.compat.findings import Cause
from contracts.documents import canonical_json, parse_document
from contracts.freeze import EXCEPTIONS, read_digests
from contracts.kinds import ContractKind
from contracts.stages import refused_changes
from versions.kit.version import ApiVersion
from versions.registry import VERSIONS


@dataclass(slots=True)
class VersionResult:
    """The result of the gate for one version."""

    version: str
    # The lines of the diff between the frozen document and the code.
    drift: list[str] = field(default_factory=list)
    changes: Report = field(default_factory=lambda: Report(()))
    # The digest of the baseline; `None` before the first release.
    baseline: str | None = None
    since_release: Report = field(default_factory=lambda: Report(()))
    # The changes of the code, and of the frozen document since its release, that the stage of the version rejects.
    refused: list[Cause] = field(default_factory=list)
    refused_since_release: list[Cause] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether the code differs from the frozen contract, or that breaks the released one."""
        return bool(self.drift or self.refused_since_release)

    def to_dict(self) -> dict[str, Any]:
        """The result in JSON output."""
        return {
            "failed": self.failed,
            "drift": self.drift,
            "changes": self.changes.to_dict(),
            "baseline": self.baseline,
            "since_release": self.since_release.to_dict(),
            "refused": [cause.to_dict() for cause in (*self.refused, *self.refused_since_release)],
        }


@dataclass(slots=True)
class GateResult:
    """The result of the gate for all versions, and the problems of baselines and exceptions."""

    versions: list[VersionResult]
    problems: list[str]

    @property
    def failed(self) -> bool:
        """Whether `make check` fails."""
        return bool(self.problems) or any(version.failed for version in self.versions)


def check(
    folder: Path | None = None,
    digests: Digests | None = None,
    today: date | None = None,
    kind: ContractKind | None = None,
) -> GateResult:
    """Compare the code with the frozen contracts in ``folder``, and these with the released ones.

    ``digests``: those of the released documents, by default of versions/lifecycle.json.
    """
    folder, kind, today = folder or kinds.FOLDER, kind or kinds.OPENAPI, today or datetime.now(UTC).date()
    digests = read_digests() if digests is None else digests
    exceptions = read_exceptions(folder / EXCEPTIONS)
    results = []
    # The changes that need an exception, by version. Without a comparison it is unknown which do.
    needed: dict[str, list[Cause]] = {}
    for version in VERSIONS:
        result = VersionResult(version.name, baseline=digests.get(version.name))
        comparisons = _Comparisons(kind, version, folder, digests, today)
        if comparisons.text != (current := canonical_json(comparisons.current)):
            result.drift = _difference(version.name, comparisons.text, current)
            result.changes = comparisons.changes()
            needed[version.name] = comparisons.refused()
        if comparisons.frozen is not None and comparisons.baseline is not None:
            result.since_release = kind.compare(comparisons.baseline, comparisons.frozen, today)
            result.refused_since_release = refused_changes(version.status, result.since_release, released=True)
            needed.setdefault(version.name, []).extend(result.refused_since_release)
        accepted = [one for one in exceptions if one.version == version.name]
        result.refused = without_excepted(needed.get(version.name, []), accepted)
        result.refused = [cause for cause in result.refused if cause not in result.refused_since_release]
        result.changes = without_causes(result.changes, excepted(result.changes.causes, accepted))
        result.refused_since_release = without_excepted(result.refused_since_release, accepted)
        results.append(result)
    problems = [*baseline_problems(kind, folder, digests), *find_expired(exceptions, today)]
    return GateResult(results, problems + find_unused(exceptions, lambda one: _is_needed(one, needed)))


def refused_by_version(today: date | None = None) -> Mapping[str, list[Cause]]:
    """The changes, by version, for which `freeze` writes nothing: its stage rejects them, and no exception is valid."""
    today = today or datetime.now(UTC).date()
    digests = read_digests()
    exceptions = [one for one in read_exceptions(kinds.FOLDER / EXCEPTIONS) if one.expires >= today]
    found = {}
    for version in VERSIONS:
        refused = _Comparisons(kinds.OPENAPI, version, kinds.FOLDER, digests, today).refused()
        if left := without_excepted(refused, [one for one in exceptions if one.version == version.name]):
            found[version.name] = left
    return found


def advice(version: str, cause: Cause, *, refused: bool) -> str:
    """A sentence that says what to do about a change."""
    if not refused:
        return "If the change is intended, run `strata contract freeze` and commit the result."
    if cause.first.severity is Severity.BREAKING:
        reason = f"Undo it in {version} and make the change in the next version"
    else:
        reason = f"{version} was released and is deprecated, so its contract does not grow: undo it"
    return f"{reason}, or accept it for a while with `strata contract freeze --accept-breaking RULE POINTER`."


class _Comparisons:
    """The documents of one version, and their comparisons."""

    def __init__(self, kind: ContractKind, version: ApiVersion, folder: Path, digests: Digests, today: date) -> None:
        self._kind, self._version, self._today = kind, version, today
        path = kind.frozen_path(version.name, folder)
        self.text = path.read_text() if path.exists() else ""
        self.frozen = parse_document(self.text, path) if self.text else None
        self.current = kind.build(version)
        self.baseline = read_baseline(kind, version.name, folder, digests)

    def changes(self) -> Report:
        """The changes of the code since the document was frozen."""
        return Report(()) if self.frozen is None else self._kind.compare(self.frozen, self.current, self._today)

    def refused(self) -> list[Cause]:
        """The changes of the code that the stage rejects: since the release, or before it since the last freeze."""
        promised = self.frozen if self.baseline is None else self.baseline
        # The frozen document of a preview promises nothing, even after the promotion.
        if promised is None or promised["info"].get("x-status") == VersionStatus.PREVIEW:
            return []
        report = self._kind.compare(promised, self.current, self._today)
        return refused_changes(self._version.status, report, released=self.baseline is not None)


def _is_needed(exception: ChangeException, needed: Mapping[str, list[Cause]]) -> bool:
    causes = needed.get(exception.version)
    return causes is None or any(exception.matches(cause) for cause in causes)


def _difference(name: str, frozen: str, current: str) -> list[str]:
    lines = difflib.unified_diff(frozen.splitlines(), current.splitlines(), f"{name} (frozen)", f"{name} (code)", n=2)
    return list(lines)
