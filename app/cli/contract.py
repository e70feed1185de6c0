"""``strata contract``: freezes and checks contracts, and reports the effect of a change on clients."""

import sys
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.text import Text

from app.cli.kit.output import AsJson, CommandError, say, show_failure, show_json

if TYPE_CHECKING:
    from contracts.compat import DiffFinding, Report
    from contracts.gate import VersionResult

commands = typer.Typer(
    help="Freeze the contract of each version, check the code against it, compare any two documents."
)
_NOT_OPENAPI: Final = 2
_STYLES: Final = {"breaking": "bold red", "warning": "yellow", "safe": "green"}


class Format(StrEnum):
    """The output format of `diff`."""

    TERMINAL = "terminal"
    JSON = "json"
    MARKDOWN = "markdown"
    JUNIT = "junit"
    SARIF = "sarif"


@commands.command()
def freeze(
    accept_breaking: Annotated[
        bool, typer.Option("--accept-breaking", help="Also write breaking changes; they must be approved in review.")
    ] = False,
) -> None:
    """Write the OpenAPI document of each version to contracts/, and the lifecycles to versions/lifecycle.json.

    Review and commit both. A lifecycle that withdraws a recorded promise is rejected.
    """
    from contracts import freeze as frozen  # noqa: PLC0415 - building every version is slow, and other commands do not need it
    from contracts import gate  # noqa: PLC0415 - the same
    from versions.kit.lifecycle_record import ensure_declared  # noqa: PLC0415 - the same
    from versions.registry import VERSIONS  # noqa: PLC0415 - the same

    ensure_declared(VERSIONS)
    broken = {} if accept_breaking else gate.breaking_changes()
    for version, findings in broken.items():
        _show(version, findings, gate.advice)
    if broken:
        message = f"Nothing was written: clients of {', '.join(broken)} would break."
        raise CommandError(message, "If no client depends on it yet, add --accept-breaking.")
    changed = frozen.freeze()
    say(*(f"Written: {path}" for path in changed), *([] if changed else ["Nothing changed."]))


@commands.command()
def check(as_json: AsJson = False) -> None:
    """Compare the code with the frozen documents, and these with the released ones.

    The exit code is 1 when the code differs, or when a frozen document breaks clients of a released one.
    """
    from contracts import gate  # noqa: PLC0415 - builds every version, and only this command needs it
    from contracts.compat.waivers import WaiverError  # noqa: PLC0415 - imported by the gate already

    try:
        outcome = gate.check()
    except WaiverError as error:
        raise CommandError(str(error), "contracts/README.md describes the format of a waiver.") from None
    if as_json:
        versions = {version.version: version.to_dict() for version in outcome.versions}
        show_json({"versions": versions, "exceptions": outcome.problems})
    else:
        for result in outcome.versions:
            _show_result(result)
        say(*outcome.problems)
        if not outcome.failed:
            say("Every version matches its frozen contract.")
    if outcome.failed:
        failed = [result.version for result in outcome.versions if result.failed]
        message = f"Code and contract differ: {', '.join(failed)}." if failed else "A waiver is not valid."
        raise CommandError(message, "The lines above list the changes, their effect on clients, and what to do.")


@commands.command()
def diff(
    old: Annotated[Path, typer.Argument(help="The contract that clients use: an OpenAPI 3 document, JSON or YAML.")],
    new: Annotated[Path, typer.Argument(help="The changed document.")],
    as_json: AsJson = False,
    form: Annotated[Format, typer.Option("--format", help="The output format.")] = Format.TERMINAL,
) -> None:
    """Report the effect on clients of a change to any OpenAPI document.

    The exit code is 1 for a breaking change, 2 when a document is not OpenAPI.
    """
    from contracts import compat  # noqa: PLC0415 - other commands start faster without it
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
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a file is outdated.")] = False,
) -> None:
    """Write the migration guides and their part of the changelog, from contracts/changes and the frozen documents.

    The exit code is 1 when a change has no section, a section has no change, or an example has no recorded response.
    """
    from contracts.guide import build  # noqa: PLC0415 - builds every version, and only this command needs it
    from contracts.guide.errors import GuideError  # noqa: PLC0415 - the same

    try:
        outcome = build.build()
    except GuideError as error:
        raise CommandError(str(error), error.advice) from None
    say(*outcome.problems)
    if outcome.problems:
        raise CommandError("The guide differs from the contracts.", "The lines above list the differences.")
    outdated = outcome.outdated_files()
    if check and outdated:
        names = ", ".join(path.as_posix() for path in outdated)
        raise CommandError(f"Outdated: {names}.", f"Run `{build.COMMAND}` and commit the result.")
    written = [] if check else outcome.write()
    say(*(f"Written: {path}" for path in written), *([] if written else ["The guides match the contracts."]))


def _show_report(report: "Report") -> None:
    for cause in report.causes:
        say(*_lines(cause.findings))
    plain = report.to_dict()
    say(f"{plain['breaking']} breaking, {plain['warnings']} warnings, {len(plain['findings'])} changes.")


def _show_result(result: "VersionResult") -> None:
    from contracts.gate import advice  # noqa: PLC0415 - imported by the caller already

    version = result.version
    if result.drift and not result.changes.findings:
        say(*result.drift)
        say(f"{version}: no change is visible to clients.")
        say("  -> If the change is intended, run `strata contract freeze` and commit the result.")
    _show(version, result.changes, advice)
    if result.since_release.breaks:
        say(f"{version} breaks clients of {result.tag}:")
        _show(version, result.since_release, advice)
    elif result.tag is None:
        # On stderr, since it is not part of the result that scripts read.
        typer.echo(
            f"{version}: neither a tag contracts/{version} nor a release tag contains it, so nothing was compared.",
            err=True,
        )
    else:
        typer.echo(f"{version} is compatible with {result.tag}.", err=True)


def _show(version: str, findings: "Iterable[DiffFinding]", advice: "Callable[[str, DiffFinding], str]") -> None:
    for finding in findings:
        say(*_lines([finding], f"{version}: "), f"  -> {advice(version, finding)}")


def _lines(places: "Sequence[DiffFinding]", prefix: str = "") -> list[Text]:
    """The lines of one change. `places`: a finding for each pointer at which the document repeats it."""
    finding = places[0]
    severity = finding.severity.value
    more = len({name for place in places for name in place.operations}) - 1
    others = f" (and {more} more)" if more > 0 else ""
    again = f" (and {len(places) - 1} more places)" if len(places) > 1 else ""
    where = f"{finding.operation}{others}: " if finding.operation else ""
    return [
        Text.assemble(prefix, (severity, _STYLES[severity]), f"  {finding.rule}  {finding.pointer or '/'}{again}"),
        Text(f"  {where}{finding.message}"),
    ]
