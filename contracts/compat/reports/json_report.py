"""The report as JSON, for scripts."""

import json

from contracts.compat.findings import Report


def as_json(report: Report, _document: str) -> str:
    """The number of breaking changes and warnings, and the changes with all places."""
    return json.dumps(report.to_dict(), indent=2, ensure_ascii=False) + "\n"
