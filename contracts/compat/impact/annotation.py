"""Adds the numbers of affected consumers to the findings of a report."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from contracts.compat.findings import AffectedUsage, Cause, Report
from contracts.compat.impact.analysis import analyse, version_of
from contracts.compat.impact.evidence import NotUsage, UsageEvidence
from contracts.compat.impact.verdict import Verdict


def read_usage(path: Path) -> UsageEvidence:
    """The evidence in a file. Raises ``NotUsage`` with the name of the file."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise NotUsage(f"{path}: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise NotUsage(f"{path}: not JSON") from None
    try:
        return UsageEvidence.from_json(content)
    except NotUsage as error:
        raise NotUsage(f"{path}: {error}") from None


def choose_version(document: Mapping[str, Any], evidence: UsageEvidence, named: str | None = None) -> str:
    """The version whose evidence is about a document. Raises ``NotUsage`` if it cannot be known, or has none."""
    known = sorted(evidence.versions)
    version = named or version_of(document, evidence)
    if version in known:
        return version
    if version is None:
        raise NotUsage(f"the document is that of none of the versions {', '.join(known) or '(none)'}: name one")
    raise NotUsage(f"the evidence has no version {version}, but {', '.join(known) or 'none'}")


def annotated(report: Report, evidence: UsageEvidence, version: str) -> Report:
    """The same report, whose findings have the numbers of consumers that they affect."""
    affected = {
        id(finding): AffectedUsage(
            one.counts[Verdict.BREAKS], one.counts[Verdict.MAY_BREAK], one.requests, evidence.since
        )
        for one in analyse(report, evidence, version).findings
        for finding in one.cause.findings
    }
    return Report(tuple(replace(one, affected=affected.get(id(one))) for one in report))


def annotated_causes(causes: list[Cause], evidence: UsageEvidence, version: str) -> list[Cause]:
    """The same changes with the numbers of consumers that they affect."""
    return [Cause(annotated(Report(cause.findings), evidence, version).findings) for cause in causes]
