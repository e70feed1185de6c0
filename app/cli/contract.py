"""``strata contract``: the frozen promises, and what a change does to clients."""

import sys
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.text import Text

from app.cli.kit.output import AsJson, CommandError, say, show_failure, show_json

if TYPE_CHECKING:
    from contracts.compat import DiffFinding, Report
    from contracts.gate import VersionResult

commands = typer.Typer(help="Freeze what each version promises, check that it is kept, compare any two documents.")
_NOT_OPENAPI: Final = 2
_STYLES: Final = {"breaking": "bold red", "warning": "yellow", "safe": "green"}


class Format(StrEnum):
    """How `diff` tells what it found."""

    TERMINAL = "terminal"
    JSON = "json"
    MARKDOWN = "markdown"
    JUNIT = "junit"
    SARIF = "sarif"


@commands.command()
def freeze(
    accept_breaking: Annotated[
        bool, typer.Option("--accept-breaking", help="Write down what breaks clients, too; the review has to want it.")
    ] = False,
) -> None:
    """Write the OpenAPI document of each version to contracts/, and their lives to versions/lifecycle.json.

    Both are to be reviewed and committed. A life that takes back what was recorded is refused.
    """
    from contracts import freeze as frozen  # noqa: PLC0415 - only these commands pay for building every version
    from contracts import gate  # noqa: PLC0415 - the same
    from versions.kit.lifecycle_record import ensure_declared  # noqa: PLC0415 - the same
    from versions.registry import VERSIONS  # noqa: PLC0415 - the same

    ensure_declared(VERSIONS)
    broken = {} if accept_breaking else gate.breaking_changes()
    for version, findings in broken.items():
        _show(version, findings, gate.advice)
    if broken:
        message = f"Nothing is written: clients of {', '.join(broken)} would break."
        raise CommandError(message, "If nobody depends on it yet, add --accept-breaking.")
    changed = frozen.freeze()
    say(*(f"Written: {path}" for path in changed), *([] if changed else ["Nothing has changed."]))


@commands.command()
def check(as_json: AsJson = False) -> None:
    """Compare the code with the frozen documents, and these with the released ones.

    The exit code is 1 when the code says something else, or when a frozen document breaks a released one.
    """
    from contracts import gate  # noqa: PLC0415 - builds every version, and nothing else needs it
    from contracts.compat.waivers import WaiverError  # noqa: PLC0415 - comes with the gate

    try:
        outcome = gate.check()
    except WaiverError as error:
        raise CommandError(str(error), "contracts/README.md shows the form of a waiver.") from None
    if as_json:
        versions = {version.version: version.to_dict() for version in outcome.versions}
        show_json({"versions": versions, "exceptions": outcome.problems})
    else:
        for verdict in outcome.versions:
            _show_verdict(verdict)
        say(*outcome.problems)
        if not outcome.failed:
            say("Every version says what it promised.")
    if outcome.failed:
        failed = [verdict.version for verdict in outcome.versions if verdict.failed]
        message = f"Code and contract differ: {', '.join(failed)}." if failed else "A waiver is not valid."
        raise CommandError(message, "Above is what changed, what it does to clients, and what to do.")


@commands.command()
def diff(
    old: Annotated[Path, typer.Argument(help="What clients were promised: an OpenAPI 3 document, JSON or YAML.")],
    new: Annotated[Path, typer.Argument(help="What they would get.")],
    as_json: AsJson = False,
    form: Annotated[Format, typer.Option("--format", help="How to tell it.")] = Format.TERMINAL,
) -> None:
    """Say what a change of any OpenAPI document does to clients.

    The exit code is 1 when something breaks, 2 when a document is not OpenAPI.
    """
    from contracts import compat  # noqa: PLC0415 - only this command pays for the import
    from contracts.compat.reports import FORMATS  # noqa: PLC0415 - the same

    try:
        report = compat.diff(compat.load(old), compat.load(new))
    except compat.NotOpenAPI as error:
        show_failure(str(error), "Both documents must be OpenAPI 3.")
        raise typer.Exit(_NOT_OPENAPI) from None
    chosen = Format.JSON if as_json else form
    if chosen is Format.TERMINAL:
        _show_report(report)
    else:
        sys.stdout.write(FORMATS[chosen.value](report, new.as_posix()))
    if report.breaks:
        raise typer.Exit(1)


@commands.command()
def guide(
    check: Annotated[bool, typer.Option("--check", help="Only say whether everything is as it should be.")] = False,
) -> None:
    """Write the migration guides and their part of the changelog, from contracts/changes and the frozen documents.

    The exit code is 1 when a change has no section, a section no change, or an example no recorded answer.
    """
    from contracts.guide import build  # noqa: PLC0415 - builds every version, and nothing else needs it
    from contracts.guide.errors import GuideError  # noqa: PLC0415 - the same

    try:
        outcome = build.build()
    except GuideError as error:
        raise CommandError(str(error), error.advice) from None
    say(*outcome.problems)
    if outcome.problems:
        raise CommandError("The guide does not tell what the contracts say.", "Above is what, and what to do.")
    outdated = outcome.outdated_files()
    if check and outdated:
        names = ", ".join(path.as_posix() for path in outdated)
        raise CommandError(f"Not what the fragments say: {names}.", f"Mend it with `{build.COMMAND}` and commit it.")
    written = [] if check else outcome.write()
    say(*(f"Written: {path}" for path in written), *([] if written else ["The guides tell what the contracts say."]))


def _show_report(report: "Report") -> None:
    for finding in report:
        say(*_lines(finding))
    plain = report.to_dict()
    say(f"{plain['breaking']} breaking, {plain['warnings']} warnings, {len(report.findings)} changes.")


def _show_verdict(verdict: "VersionResult") -> None:
    from contracts.gate import advice  # noqa: PLC0415 - imported by the caller already

    version = verdict.version
    if verdict.drift and not verdict.changes.findings:
        say(*verdict.drift)
        say(f"{version}: nothing that a client can see has changed.")
        say("  -> If it is meant, run `strata contract freeze` and commit the result.")
    _show(version, verdict.changes, advice)
    if verdict.since_release.breaks:
        say(f"{version} breaks what {verdict.tag} released:")
        _show(version, verdict.since_release, advice)
    elif verdict.tag is None:
        # For people; what a script reads is the verdict.
        typer.echo(
            f"{version}: no tag contracts/{version} and no release tag holds it: nothing to compare with.", err=True
        )
    else:
        typer.echo(f"{version} keeps what {verdict.tag} released.", err=True)


def _show(version: str, findings: "Iterable[DiffFinding]", advice: "Callable[[str, DiffFinding], str]") -> None:
    for finding in findings:
        say(*_lines(finding, f"{version}: "), f"  -> {advice(version, finding)}")


def _lines(finding: "DiffFinding", prefix: str = "") -> list[Text]:
    severity = finding.severity.value
    more = len(finding.operations) - 1
    others = f" (and {more} more)" if more > 0 else ""
    where = f"{finding.operation}{others}: " if finding.operation else ""
    return [
        Text.assemble(prefix, (severity, _STYLES[severity]), f"  {finding.rule}  {finding.pointer or '/'}"),
        Text(f"  {where}{finding.message}"),
    ]
