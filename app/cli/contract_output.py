"""Prints the results of the contract gate: each change with its effect on clients and what to do."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.text import Text

from app.cli.kit.output import CommandError, say

if TYPE_CHECKING:
    from contracts.compat import Report
    from contracts.compat.findings import Cause
    from contracts.gate import GateResult, VersionResult

EXCEPTIONS_ADVICE: Final = "The comment in contracts/exceptions.toml shows the form of an exception."
USAGE_ADVICE: Final = "`strata usage export` writes the file; --usage-version names a version."
_STYLES: Final = {"breaking": "bold red", "warning": "yellow", "safe": "green"}


def checked_contracts() -> "GateResult":
    """The result of the gate. Raises ``CommandError`` if the exceptions cannot be read."""
    from contracts import gate  # noqa: PLC0415 - builds every version, and other commands do not need it
    from contracts.compat.exceptions import ExceptionsFileError  # noqa: PLC0415 - the same

    try:
        return gate.check()
    except ExceptionsFileError as error:
        raise CommandError(str(error), EXCEPTIONS_ADVICE) from None


def with_usage(outcome: "GateResult", path: Path) -> "GateResult":
    """The result with the numbers of affected consumers. Raises ``CommandError`` for a file without evidence."""
    from contracts import gate  # noqa: PLC0415 - as above
    from contracts.compat.impact.annotation import read_usage  # noqa: PLC0415 - the same
    from contracts.compat.impact.evidence import NotUsage  # noqa: PLC0415 - the same

    try:
        return gate.with_usage(outcome, read_usage(path))
    except NotUsage as error:
        raise CommandError(str(error), USAGE_ADVICE) from None


def show_report(report: "Report") -> None:
    """Print all changes and their numbers."""
    for cause in report.causes:
        say(*_lines(cause))
    plain = report.to_dict()
    say(f"{plain['breaking']} breaking, {plain['warnings']} warnings, {len(plain['findings'])} changes.")


def show_result(result: "VersionResult") -> None:
    """Print the changes of one version and its baseline."""
    from contracts.gate import advice  # noqa: PLC0415 - imported by the caller already

    version = result.version
    if result.differing and not result.changes.findings:
        say(*result.drift)
        say(f"{version}: no change is visible to clients.")
        say("  -> If the change is intended, run `strata contract freeze` and commit the result.")
    refused = {(one.rule, one.pointer) for cause in result.refused for one in cause.findings}
    show_causes(
        version,
        result.changes.causes,
        lambda name, cause: advice(name, cause, refused=(cause.first.rule, cause.first.pointer) in refused),
    )
    shown = {(one.rule, one.pointer) for one in result.changes}
    unseen = [cause for cause in result.refused if (cause.first.rule, cause.first.pointer) not in shown]
    show_causes(version, unseen, lambda name, cause: advice(name, cause, refused=True))
    if result.baseline is None:
        say(
            f"{version} has no baseline: it was not released, so nothing was compared. "
            f"`strata contract release {version}` releases it."
        )
    elif result.refused_since_release:
        say(f"{version} breaks what was released:")
        show_causes(version, result.refused_since_release, lambda name, cause: advice(name, cause, refused=True))
    else:
        say(f"{version} is compatible with its baseline {result.baseline}.")


def show_causes(version: str, causes: "Iterable[Cause]", advice: "Callable[[str, Cause], str]") -> None:
    """Print each change, with what to do."""
    for cause in causes:
        say(*_lines(cause, f"{version}: "), f"  -> {advice(version, cause)}")


def _lines(cause: "Cause", prefix: str = "") -> list[Text]:
    finding = cause.first
    severity = finding.severity.value
    more = len(cause.operations) - 1
    others = f" (and {more} more)" if more > 0 else ""
    places = len(cause.findings)
    again = f" (and {places - 1} more places)" if places > 1 else ""
    where = f"{finding.operation}{others}: " if finding.operation else ""
    return [
        Text.assemble(prefix, (severity, _STYLES[severity]), f"  {finding.rule}  {finding.pointer or '/'}{again}"),
        Text(f"  {where}{finding.message}"),
        *([] if finding.affected is None else [Text(f"  {finding.affected.sentence}", "bold")]),
    ]
