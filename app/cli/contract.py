"""``strata contract``: freezes and checks contracts, and reports the effect of a change on clients."""

import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.cli import contract_exceptions
from app.cli.contract_output import (
    EXCEPTIONS_ADVICE,
    USAGE_ADVICE,
    checked_contracts,
    show_causes,
    show_report,
    show_result,
    with_usage,
)
from app.cli.kit.confirmation import Yes, confirm
from app.cli.kit.output import AsJson, CommandError, say, show_failure, show_json
from app.cli.kit.versions import existing_version
from app.kit.clock import utc_now

if TYPE_CHECKING:
    from contracts.guide.build import BuildResult

commands = typer.Typer(help="Freeze, check and release the contract of each version, compare any two documents.")
_NOT_OPENAPI: Final = 2
_EXCEPTION_DAYS: Final = 90
_USAGE_HELP: Final = "Evidence of usage (`strata usage export`): adds the affected consumers to each change."


class Format(StrEnum):
    """The output format of `diff`."""

    TERMINAL = "terminal"
    JSON = "json"
    MARKDOWN = "markdown"
    JUNIT = "junit"
    SARIF = "sarif"
    TEXT = "text"
    GITHUB = "github"


@commands.command()
def freeze(
    accept_breaking: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--accept-breaking",
            metavar="RULE POINTER",
            help="Accept one rejected change, and record it in contracts/exceptions.toml; needs --reason.",
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why no client is harmed, for the review.")] = "",
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The last day of the exception; default: in 90 days."),
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", help="The version of the change, where several have it.")
    ] = None,
) -> None:
    """Write the documents of each version to contracts/, and the lifecycles to versions/lifecycle.json.

    Operations are described with OpenAPI, live channels with AsyncAPI. Review and commit all files. A lifecycle that
    withdraws a recorded promise is rejected, and a change that the stage of its version does not accept: one that
    breaks clients, or any growth of a released version that is deprecated.
    """
    from contracts import freeze as frozen  # noqa: PLC0415 - building every version is slow, and other commands do not need it
    from contracts import gate  # noqa: PLC0415 - the same
    from contracts.compat.exceptions import ExceptionsFileError  # noqa: PLC0415 - the same
    from versions.kit.lifecycle_record import ensure_declared  # noqa: PLC0415 - the same
    from versions.registry import VERSIONS  # noqa: PLC0415 - the same

    if accept_breaking is None and (reason or until or version):
        raise CommandError("--reason, --until and --version belong to --accept-breaking.", "Add RULE and POINTER.")
    ensure_declared(VERSIONS)
    try:
        refused = gate.refused_by_version()
        if accept_breaking is not None:
            rule, pointer = accept_breaking
            last_day = (until or utc_now() + timedelta(days=_EXCEPTION_DAYS)).date()
            contract_exceptions.accept(refused, version, rule, pointer, reason, last_day)
            refused = gate.refused_by_version()
    except ExceptionsFileError as error:
        raise CommandError(str(error), EXCEPTIONS_ADVICE) from None
    for name, causes in refused.items():
        show_causes(name, causes, lambda name, cause: gate.advice(name, cause, refused=True))
    if refused:
        message = f"Nothing was written: the contract of {', '.join(refused)} does not accept the changes above."
        raise CommandError(message, "The lines above list each change and what to do.")
    changed = frozen.freeze()
    say(*(f"Written: {path}" for path in changed), *([] if changed else ["Nothing changed."]))


@commands.command()
def check(
    as_json: AsJson = False,
    usage: Annotated[Path | None, typer.Option(metavar="FILE", help=_USAGE_HELP)] = None,
) -> None:
    """Compare the code with the frozen documents, and these with the released ones.

    The exit code is 1 when the code differs, when a frozen document breaks clients of the released one, or when a
    released document is missing or changed.
    """
    outcome = checked_contracts()
    if usage is not None:
        outcome = with_usage(outcome, usage)
    if as_json:
        versions = {version.version: version.to_dict() for version in outcome.versions}
        show_json({"versions": versions, "problems": outcome.problems})
    else:
        for result in outcome.versions:
            show_result(result)
        say(*outcome.problems)
        if not outcome.failed:
            say("Every version matches its frozen contract.")
    if outcome.failed:
        failed = [result.version for result in outcome.versions if result.failed]
        message = "A baseline or an exception is not valid."
        if failed:
            message = f"Code and contract differ: {', '.join(failed)}."
        raise CommandError(message, "The lines above list the changes, their effect on clients, and what to do.")


@commands.command()
def release(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="A name from `strata versions list`.")],
    yes: Yes = False,
) -> None:
    """Make the frozen documents of a version its baselines, with which every later check compares.

    Writes contracts/released/ and the digests in versions/lifecycle.json; removes the exceptions of the version, which
    the new baseline contains. Stage, dates and headers do not change. Commit all files. Rejected while the code differs
    from the frozen documents, these break the released ones, or a migration guide lacks a change. Asks before it
    replaces another baseline.
    """
    from app.lifecycle.version import VersionStatus  # noqa: PLC0415 - as in freeze
    from contracts import freeze as frozen  # noqa: PLC0415 - as in freeze
    from contracts import kinds  # noqa: PLC0415 - the same
    from contracts.guide import build  # noqa: PLC0415 - the same

    if existing_version(version).status is VersionStatus.PREVIEW:
        message = f"{version} is a preview, which may change at any time."
        raise CommandError(message, f"Promote it first: `strata versions promote {version}`.")
    outcome = checked_contracts()
    (result,) = (one for one in outcome.versions if one.version == version)
    if result.failed or outcome.problems:
        show_result(result)
        say(*outcome.problems)
        raise CommandError(f"{version} was not released.", "`strata contract check` must succeed first.")
    try:
        _ensure_current(_complete_guides(partial(build.build, contracts=kinds.FOLDER)))
    except CommandError as error:
        raise CommandError(f"{version} was not released. {error}", error.advice) from None
    if replaced := frozen.replaced_baselines(version):
        names = " and ".join(path.name for path in replaced)
        confirm(f"This replaces the released {names}: later checks compare with the frozen documents", yes=yes)
    changed = frozen.release(version)
    say(*(f"Written: {path}" for path in changed), *([] if changed else ["Nothing changed."]))


@commands.command()
def diff(
    old: Annotated[
        str, typer.Argument(help="The contract that clients use: a file (JSON or YAML), - for stdin, or git:REV:PATH.")
    ],
    new: Annotated[str, typer.Argument(help="The changed document: a file, - for stdin, or git:REV:PATH.")],
    as_json: AsJson = False,
    form: Annotated[Format, typer.Option("--format", help="The output format.")] = Format.TERMINAL,
    usage: Annotated[Path | None, typer.Option(metavar="FILE", help=_USAGE_HELP)] = None,
    usage_version: Annotated[
        str | None, typer.Option(metavar="NAME", help="The version that OLD describes; default: by its server.")
    ] = None,
) -> None:
    """Report the effect on clients of a change to any OpenAPI or AsyncAPI document.

    The exit code is 1 for a breaking change, 2 when a document is neither.
    """
    from contracts import compat  # noqa: PLC0415 - other commands start faster without it
    from contracts.compat.impact.annotation import annotated, choose_version, read_usage  # noqa: PLC0415 - the same
    from contracts.compat.impact.evidence import NotUsage  # noqa: PLC0415 - the same
    from contracts.compat.reports import FORMATS  # noqa: PLC0415 - the same
    from contracts.compat.sources import path_of, read_source  # noqa: PLC0415 - the same

    try:
        before = read_source(old)
        report = compat.diff(before, read_source(new), located=usage is not None)
        if usage is not None:
            evidence = read_usage(usage)
            report = annotated(report, evidence, choose_version(before, evidence, usage_version))
    except NotUsage as error:
        show_failure(str(error), USAGE_ADVICE)
        raise typer.Exit(_NOT_OPENAPI) from None
    except compat.NotOpenAPI as error:
        show_failure(str(error), "Both documents must be OpenAPI 3, or both AsyncAPI 3.")
        raise typer.Exit(_NOT_OPENAPI) from None
    chosen = Format.JSON if as_json else form
    if chosen is Format.TERMINAL:
        show_report(report)
    else:
        sys.stdout.write(FORMATS[chosen.value](report, path_of(new)))
    if report.breaks:
        raise typer.Exit(1)


@commands.command()
def guide(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a file is outdated.")] = False,
) -> None:
    """Write the migration guides and their part of the changelog, from contracts/changes and the frozen documents.

    The exit code is 1 when a change has no section, a section has no change, or an example has no recorded response.
    """
    from contracts.guide import build  # noqa: PLC0415 - builds every version, and only two commands need it

    outcome = _complete_guides(build.build)
    if check:
        _ensure_current(outcome)
    written = [] if check else outcome.write()
    say(*(f"Written: {path}" for path in written), *([] if written else ["The guides match the contracts."]))


def _complete_guides(build: "Callable[[], BuildResult]") -> "BuildResult":
    """The generated guides. Raises ``CommandError`` if a change has no section, or a section no change."""
    from contracts.guide.errors import GuideError  # noqa: PLC0415 - as in freeze

    try:
        outcome = build()
    except GuideError as error:
        raise CommandError(str(error), error.advice) from None
    say(*outcome.problems)
    if outcome.problems:
        raise CommandError("The guide differs from the contracts.", "The lines above list the differences.")
    return outcome


def _ensure_current(outcome: "BuildResult") -> None:
    if outdated := outcome.outdated_files():
        names = ", ".join(path.as_posix() for path in outdated)
        raise CommandError(f"Outdated: {names}.", "Run `strata contract guide` and commit the result.")
