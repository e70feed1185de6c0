"""The report for scripts."""

import json

from contracts.compat.findings import Report


def as_json(report: Report, _document: str) -> str:
    """Two counts and the findings."""
    return json.dumps(report.plain(), indent=2, ensure_ascii=False) + "\n"
