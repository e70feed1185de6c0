"""``strata impact``: who would break if a contract changed, or if a version ended."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from app.cli.kit.environment import read_settings, with_database
from app.cli.kit.output import AsJson, CommandError, say, show_failure, show_json
from app.cli.kit.periods import first_day
from app.cli.kit.versions import existing_version
from app.kit.clock import utc_now
from app.kit.db.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.impact.contacts import Contact
    from app.impact.views import ImpactView
    from contracts.compat.impact.evidence import UsageEvidence

_BREAKS: Final = 1
_NOT_OPENAPI: Final = 2
_SOURCE: Final = "a file (JSON or YAML), - for stdin, or git:REV:PATH."
Documents = list[tuple[Mapping[str, Any], Mapping[str, Any]]]


class Grouping(StrEnum):
    """What the text lists."""

    CONSUMER = "consumer"
    FINDING = "finding"


def impact(
    old: Annotated[str | None, typer.Argument(help=f"The contract that clients use: {_SOURCE}")] = None,
    new: Annotated[str | None, typer.Argument(help=f"The changed document: {_SOURCE}")] = None,
    retire: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Analyse the end of a version instead of a change.")
    ] = None,
    since: Annotated[str, typer.Option(help="The period until today: 30d, or its first day.")] = "30d",
    by: Annotated[Grouping, typer.Option(help="List consumers with changes, or changes with consumers.")] = (
        Grouping.CONSUMER
    ),
    usage: Annotated[
        Path | None, typer.Option(metavar="FILE", help="An export of `strata usage export`, instead of the database.")
    ] = None,
    version: Annotated[
        str | None, typer.Option(metavar="NAME", help="The version that OLD describes; default: by its server.")
    ] = None,
    as_json: AsJson = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown for a pull request.")] = False,
) -> None:
    """Show which consumers would break, what shows it, whom to contact and what to write.

    The exit code is 1 when a consumer breaks, 2 when a document is neither OpenAPI nor AsyncAPI.
    """
    from contracts.compat import NotOpenAPI  # noqa: PLC0415 - other commands start faster without it
    from contracts.compat.impact.evidence import NotUsage  # noqa: PLC0415 - the same

    _check_arguments(old, new, retire, as_json=as_json, as_markdown=as_markdown)
    try:
        documents = _documents(old, new, retire)
        with _progress() as show:
            evidence, contacts = _evidence(since, usage, show)
            view = _analyse(documents, evidence, contacts, retire or version, show, retire=retire)
    except NotOpenAPI as error:
        show_failure(str(error), "Both documents must be OpenAPI 3, or both AsyncAPI 3.")
        raise typer.Exit(_NOT_OPENAPI) from None
    except NotUsage as error:
        raise CommandError(
            str(error), "--version names the version, --usage a file of `strata usage export`."
        ) from None
    _show(view, by, as_json=as_json, as_markdown=as_markdown)
    if view.impact.breaks:
        raise typer.Exit(_BREAKS)


def _check_arguments(old: str | None, new: str | None, retire: str | None, *, as_json: bool, as_markdown: bool) -> None:
    if as_json and as_markdown:
        raise CommandError("--json and --markdown exclude each other.")
    if retire is None and (old is None or new is None):
        raise CommandError("OLD and NEW are required.", "Or give --retire VERSION, to analyse the end of a version.")
    if retire is not None and (old is not None or new is not None):
        raise CommandError("--retire excludes OLD and NEW.", "It analyses the end of a whole version.")


def _documents(old: str | None, new: str | None, retire: str | None) -> Documents:
    """Pairs of documents. Those of a version that ends have no operations, webhooks and messages."""
    from contracts.compat.loading import load  # noqa: PLC0415 - as above
    from contracts.compat.sources import read_source  # noqa: PLC0415 - as above
    from contracts.kinds import ASYNCAPI, OPENAPI  # noqa: PLC0415 - builds on all versions, and only --retire needs it

    if retire is None:
        return [(read_source(str(old)), read_source(str(new)))]
    version = existing_version(retire).name
    operations, channels = load(OPENAPI.frozen_path(version)), load(ASYNCAPI.frozen_path(version))
    return [(operations, {**operations, "paths": {}, "webhooks": {}}), (channels, {**channels, "operations": {}})]


def _evidence(
    since: str, usage: Path | None, show: "Callable[[str], None]"
) -> "tuple[UsageEvidence, Mapping[str | None, Contact]]":
    if usage is not None:
        from contracts.compat.impact.annotation import read_usage  # noqa: PLC0415 - as above

        show("Reading the export")
        return read_usage(usage), {}
    from app.impact.commands import IdPrefixes  # noqa: PLC0415 - the same
    from app.impact.reader import ImpactReader  # noqa: PLC0415 - the same
    from app.settings.conformance import ConformanceSettings  # noqa: PLC0415 - the same
    from app.settings.http import HttpSettings  # noqa: PLC0415 - the same
    from app.usage.contracts import read_contracts  # noqa: PLC0415 - the same
    from app.usage.evidence_reader import EvidenceReader  # noqa: PLC0415 - the same
    from app.usage.pseudonyms import pseudonyms  # noqa: PLC0415 - not needed for an export
    from contracts.compat.impact.evidence import UsageEvidence  # noqa: PLC0415 - as above

    until = utc_now().date()
    first = first_day(since, until)
    settings = read_settings()
    contracts = read_contracts(settings[ConformanceSettings].folder)
    hashes = pseudonyms(settings[HttpSettings])

    async def run(database: Database) -> "tuple[UsageEvidence, Mapping[str | None, Contact]]":
        reader = ImpactReader(database.reads, EvidenceReader(database.reads, contracts, hashes))
        found = UsageEvidence.from_json(
            await reader.evidence(first, until, lambda count: show(f"Reading the evidence: {count:,} consumers"))
        )
        return found, await reader.contacts(
            (one.consumer for one in found.consumers), IdPrefixes(user="usr", api_key="key")
        )

    return with_database(run)


def _analyse(
    documents: Documents,
    evidence: "UsageEvidence",
    contacts: "Mapping[str | None, Contact]",
    version: str | None,
    show: "Callable[[str], None]",
    *,
    retire: str | None,
) -> "ImpactView":
    from app.impact.views import ImpactView  # noqa: PLC0415 - as above
    from contracts.compat import Report, diff  # noqa: PLC0415 - as above
    from contracts.compat.impact.analysis import analyse  # noqa: PLC0415 - as above
    from contracts.compat.impact.annotation import choose_version  # noqa: PLC0415 - as above

    show("Comparing the documents")
    report = Report(())
    for old, new in documents:
        report = report.merged(diff(old, new, located=True))
    # Nobody calls a version that has no evidence: its end breaks no consumer.
    chosen = retire or choose_version(documents[0][0], evidence, version)
    found = analyse(report, evidence, chosen, lambda done, total: show(f"Matching changes: {done:,} of {total:,}"))
    return ImpactView(found, contacts, is_end=retire is not None, ends=_sunset(retire))


def _sunset(retire: str | None) -> date | None:
    sunset = None if retire is None else existing_version(retire).sunset_at
    return None if sunset is None else sunset.date()


def _show(view: "ImpactView", by: Grouping, *, as_json: bool, as_markdown: bool) -> None:
    from app.impact import texts  # noqa: PLC0415 - as above
    from app.impact.report import report  # noqa: PLC0415 - as above

    if as_json:
        show_json(report(view))
        return
    if as_markdown:
        say(*texts.markdown(view))
        return
    say(texts.headline(view), *(texts.by_consumer if by is Grouping.CONSUMER else texts.by_finding)(view))
    mails = list(texts.mails(view))
    if mails:
        say("", "Whom to contact and what to write:", *mails)


@contextmanager
def _progress() -> "Iterator[Callable[[str], None]]":
    """Shows what is done, on a terminal only."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Reading the documents", total=None)
        yield lambda text: progress.update(task, description=text)
