"""The report as workflow commands of GitHub Actions, which annotate the changed document."""

from typing import Final

from contracts.compat.findings import Report, Severity

_COMMANDS: Final = {Severity.BREAKING: "error", Severity.WARNING: "warning", Severity.SAFE: "notice"}
_DATA: Final = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTY: Final = (*_DATA, (":", "%3A"), (",", "%2C"))


def as_github(report: Report, document: str) -> str:
    """One annotation for each change, the most severe first, and their numbers.

    GitHub shows the first ten of each kind.
    """
    plain = report.to_dict()
    total = f"{plain['breaking']} breaking, {plain['warnings']} warnings, {len(plain['findings'])} changes."
    annotations = "".join(
        f"::{_COMMANDS[finding.severity]} file={_escape(document, _PROPERTY)},title={finding.rule}::"
        f"{_escape(f'{finding.operation}: {cause.message} ({finding.pointer})'.removeprefix(': '), _DATA)}\n"
        for cause, finding in ((cause, cause.first) for cause in report.causes)
    )
    return f"{annotations}::notice title=strata-contract::{total}\n"


def _escape(text: str, marks: tuple[tuple[str, str], ...]) -> str:
    for mark, escaped in marks:
        text = text.replace(mark, escaped)
    return text
