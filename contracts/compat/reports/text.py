"""The report as plain text, for terminals and logs."""

from contracts.compat.findings import Report


def as_text(report: Report, _document: str) -> str:
    """Two lines for each change, then their numbers."""
    lines = []
    for cause in report.causes:
        finding, places = cause.first, len(cause.findings)
        more, again = len(cause.operations) - 1, f" (and {places - 1} more places)" if places > 1 else ""
        others = f" (and {more} more)" if more > 0 else ""
        where = f"{finding.operation}{others}: " if finding.operation else ""
        lines.append(f"{finding.severity.value}  {finding.rule}  {finding.pointer or '/'}{again}")
        lines.append(f"  {where}{finding.message}")
        if finding.affected is not None:
            lines.append(f"  {finding.affected.sentence}")
    plain = report.to_dict()
    lines.append(f"{plain['breaking']} breaking, {plain['warnings']} warnings, {len(plain['findings'])} changes.")
    return "".join(f"{_printable(line)}\n" for line in lines)


def _printable(line: str) -> str:
    """The line without control characters, which a document could use to write to a terminal."""
    return "".join(mark if mark.isprintable() else " " for mark in line)
