"""The contract gate of `make check`: compares the code with the frozen contracts, and these with the released ones."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from app.lifecycle.version import VersionStatus
from contracts import kinds
from contracts.baselines import baseline_problems, read_baseline
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
from contracts.compat.impact.annotation import annotated, annotated_causes
from contracts.compat.impact.evidence import UsageEvidence
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
    # The documents whose lines differ: the name, the frozen text and the text of the code.
    differing: list[tuple[str, str, str]] = field(default_factory=list)
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
        return bool(self.differing or self.refused_since_release)

    @property
    def drift(self) -> list[str]:
        """The lines of the diff between the frozen documents and the code, which take a second to find."""
        return [line for texts in self.differing for line in _difference(*texts)]

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


def with_usage(result: GateResult, evidence: UsageEvidence) -> GateResult:
    """The same result, whose changes have the numbers of consumers that they affect."""

    def of_version(one: VersionResult) -> VersionResult:
        if one.version not in evidence.versions:
            return one
        return replace(
            one,
            changes=annotated(one.changes, evidence, one.version),
            since_release=annotated(one.since_release, evidence, one.version),
            refused=annotated_causes(one.refused, evidence, one.version),
            refused_since_release=annotated_causes(one.refused_since_release, evidence, one.version),
        )

    return GateResult([of_version(one) for one in result.versions], result.problems)


def check(today: date | None = None) -> GateResult:
    """Compare the code with the frozen contracts, and these with the released ones."""
    folder, today = kinds.FOLDER, today or datetime.now(UTC).date()
    exceptions = read_exceptions(folder / EXCEPTIONS)
    results = []
    # The changes that need an exception, by version. Without a comparison it is unknown which do.
    needed: dict[str, list[Cause]] = {}
    for version in VERSIONS:
        result = VersionResult(version.name, baseline=read_digests(kinds.OPENAPI).get(version.name))
        accepted = [one for one in exceptions if one.version == version.name]
        for kind in kinds.all_kinds():
            found = _compare(_Comparisons(kind, version, today), result, accepted)
            if found is not None:
                needed.setdefault(version.name, []).extend(found)
        results.append(result)
    problems = [
        problem for kind in kinds.all_kinds() for problem in baseline_problems(kind, folder, read_digests(kind))
    ]
    problems += find_expired(exceptions, today)
    return GateResult(results, problems + find_unused(exceptions, lambda one: _is_needed(one, needed)))


def _compare(comparisons: "_Comparisons", result: VersionResult, accepted: list[ChangeException]) -> list[Cause] | None:
    """Add the comparisons of one document to the result of its version.

    Returns the changes that need an exception; None if nothing was compared.
    """
    needed: list[Cause] | None = None
    refused_since_release: list[Cause] = []
    if comparisons.text != (current := canonical_json(comparisons.current)):
        if comparisons.text.splitlines() != current.splitlines():
            result.differing.append((comparisons.name, comparisons.text, current))
        needed = comparisons.refused()
        accepted_changes = excepted(comparisons.changes.causes, accepted)
        result.changes = result.changes.merged(without_causes(comparisons.changes, accepted_changes))
    if (since_release := comparisons.since_release()) is not None:
        result.since_release = result.since_release.merged(since_release)
        refused_since_release = refused_changes(comparisons.version.status, since_release, released=True)
        needed = [*(needed or ()), *refused_since_release]
    refused = without_excepted(needed or [], accepted)
    result.refused += [cause for cause in refused if cause not in refused_since_release]
    result.refused_since_release += without_excepted(refused_since_release, accepted)
    return needed


def refused_by_version(today: date | None = None) -> Mapping[str, list[Cause]]:
    """The changes, by version, for which `freeze` writes nothing: its stage rejects them, and no exception is valid."""
    today = today or datetime.now(UTC).date()
    exceptions = [one for one in read_exceptions(kinds.FOLDER / EXCEPTIONS) if one.expires >= today]
    found = {}
    for version in VERSIONS:
        refused = [cause for kind in kinds.all_kinds() for cause in _Comparisons(kind, version, today).refused()]
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
    """The documents of one kind and version, and their comparisons."""

    def __init__(self, kind: ContractKind, version: ApiVersion, today: date) -> None:
        self._kind, self.version, self._today = kind, version, today
        path = kind.frozen_path(version.name, kinds.FOLDER)
        self.name = path.name
        self.text = path.read_text() if path.exists() else ""
        self.frozen = parse_document(self.text, path) if self.text else None
        self.current = kind.build(version)
        self.baseline = read_baseline(kind, version.name, kinds.FOLDER, read_digests(kind))

    @cached_property
    def changes(self) -> Report:
        """The changes of the code since the document was frozen."""
        return Report(()) if self.frozen is None else self._kind.compare(self.frozen, self.current, self._today)

    def since_release(self) -> Report | None:
        """The changes of the frozen document since its release; None for a version that was not released."""
        if self.frozen is None or self.baseline is None:
            return None
        return self._kind.compare(self.baseline, self.frozen, self._today)

    def refused(self) -> list[Cause]:
        """The changes of the code that the stage rejects: since the release, or before it since the last freeze."""
        promised = self.frozen if self.baseline is None else self.baseline
        # The frozen document of a preview promises nothing, even after the promotion.
        if promised is None or promised["info"].get("x-status") == VersionStatus.PREVIEW:
            return []
        report = self.changes if self.baseline is None else self._kind.compare(self.baseline, self.current, self._today)
        return refused_changes(self.version.status, report, released=self.baseline is not None)


def _is_needed(exception: ChangeException, needed: Mapping[str, list[Cause]]) -> bool:
    causes = needed.get(exception.version)
    return causes is None or any(exception.matches(cause) for cause in causes)


def _difference(name: str, frozen: str, current: str) -> list[str]:
    lines = difflib.unified_diff(frozen.splitlines(), current.splitlines(), f"{name} (frozen)", f"{name} (code)", n=2)
    return list(lines)
