"""The output formats of a report."""

from collections.abc import Callable, Mapping
from typing import Final

from contracts.compat.findings import Report
from contracts.compat.reports.github import as_github
from contracts.compat.reports.json_report import as_json
from contracts.compat.reports.junit import as_junit
from contracts.compat.reports.markdown import as_markdown
from contracts.compat.reports.sarif import as_sarif
from contracts.compat.reports.text import as_text

# Each function takes a report, and the name of the document that its pointers refer to.
FORMATS: Final[Mapping[str, Callable[[Report, str], str]]] = {
    "text": as_text,
    "github": as_github,
    "json": as_json,
    "markdown": as_markdown,
    "junit": as_junit,
    "sarif": as_sarif,
}
