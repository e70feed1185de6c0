"""The report as Markdown, for pull requests."""

from collections.abc import Iterator
from typing import Final

from contracts.compat.findings import Cause, Report, Severity

_TITLES: Final = {
    Severity.BREAKING: "Breaks clients",
    Severity.WARNING: "Needs a look",
    Severity.SAFE: "Safe",
}


def as_markdown(report: Report, document: str) -> str:
    """One table for each severity that has changes."""
    counted = f"{report.count(Severity.BREAKING)} breaking, {report.count(Severity.WARNING)} warnings"
    lines = [f"# Changes in {_escape(document)}", "", f"{counted}, {report.count(Severity.SAFE)} safe."]
    for severity, title in _TITLES.items():
        causes = [cause for cause in report.causes if cause.first.severity is severity]
        if causes:
            # Only a comparison with evidence of usage has the column.
            columns = ["rule", "operation", "what changes", *(["usage"] if _has_usage(causes) else []), "where"]
            lines += ["", f"## {title}", "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
            lines += _rows(causes)
    return "\n".join(lines) + "\n"


def _has_usage(causes: list[Cause]) -> bool:
    return any(cause.first.affected is not None for cause in causes)


def _rows(causes: list[Cause]) -> Iterator[str]:
    for cause in causes:
        finding, more = cause.first, len(cause.findings) - 1
        where = f"`{finding.pointer}`" + (f" and {more} more places" if more else "")
        usage = [finding.affected.sentence.removeprefix("Usage: ") if finding.affected else ""]
        shown = usage if _has_usage(causes) else []
        cells = (f"`{finding.rule}`", finding.operation, finding.message, *shown, where)
        yield "| " + " | ".join(_escape(cell) for cell in cells) + " |"


def _escape(text: str) -> str:
    """Escape text of a document, which must not end a table cell or add markup."""
    for mark, escaped in (("|", "\\|"), ("<", "&lt;"), ("\r", " "), ("\n", " ")):
        text = text.replace(mark, escaped)
    return text
