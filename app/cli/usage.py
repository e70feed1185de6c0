"""``strata usage``: the recorded requests of a user, and the evidence of what consumers use."""

import sys
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

import orjson
import typer
from typer.core import TyperGroup

from app.cli.kit.consumers import consumer_names
from app.cli.kit.environment import read_settings, with_database
from app.cli.kit.output import AsJson, CommandError, say, show_json, show_table
from app.cli.kit.periods import first_day
from app.cli.kit.users import existing_user
from app.kit.clock import utc_now
from app.kit.db.database import Database
from app.settings.conformance import ConformanceSettings
from app.settings.http import HttpSettings
from app.usage.commands import UsageFilter
from app.usage.contracts import read_contracts
from app.usage.evidence_reader import EvidenceReader
from app.usage.pseudonyms import Pseudonyms, pseudonyms
from app.usage.queries import EvidenceQueries, UsageQueries, WatchQueries
from app.usage.service import UsageService
from app.usage.views import UsageDayView
from versions.kit import typeid

_KEY_PREFIX: Final = "key"
_HELP: Final = frozenset({"-h", "--help"})


class _UserByDefault(TyperGroup):
    """Makes ``strata usage USER`` the same as ``strata usage show USER``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in _HELP:
            args = ["show", *args]
        return super().parse_args(ctx, args)


commands = typer.Typer(
    cls=_UserByDefault,
    help="Show the requests of a user, and export what consumers use of the contracts.",
    no_args_is_help=True,
)
_MOST_ROWS: Final = 10_000


@commands.command()
def show(
    user: Annotated[str, typer.Argument(help="E-mail address or sequential id.")],
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day, in UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day, in UTC.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the requests of a user by day and API key, newest first. They appear after about 10 seconds."""
    wanted = UsageFilter(since and since.date(), until and until.date())

    async def run(database: Database) -> list[UsageDayView]:
        owner = await existing_user(database, user)
        found = await UsageQueries(database.reads).page(owner.id, wanted, None, _MOST_ROWS)
        return [UsageDayView.from_row(row) for row in found.items]

    found = with_database(run)
    if as_json:
        show_json([_plain(view) for view in found])
        return
    show_table(
        ("day", "key", "requests", "errors", "rejections", "deprecated", "p95 ms"),
        [
            (
                f"{view.day}",
                "-" if view.key_uid is None else typeid.encode("key", view.key_uid),
                *(f"{number:,}" for number in (view.requests, view.errors, view.rejections, view.deprecated_calls)),
                "-" if view.p95_seconds is None else f"{view.p95_seconds * 1000:.1f}",
            )
            for view in found
        ],
        empty=f"No requests of {user} are recorded in this time.",
    )


@commands.command()
def export(
    since: Annotated[str, typer.Option(help="The period until today: 30d, or its first day.")] = "30d",
    with_uids: Annotated[bool, typer.Option("--with-uids", help="Write uids of consumers instead of hashes.")] = False,
) -> None:
    """Write the evidence of what consumers use as JSON, for `strata contract check --usage`.

    Consumers are hashes, which `strata usage who` resolves. The file contains no value of a request. It contains the
    key that hashes the names of undeclared members, so a reader of the file can test guesses of such names.
    """
    until = utc_now().date()
    first = first_day(since, until)
    settings = read_settings()
    contracts = read_contracts(settings[ConformanceSettings].folder)
    hashes = pseudonyms(settings[HttpSettings])

    async def run(database: Database) -> None:
        evidence = EvidenceReader(database.reads, contracts, hashes)
        sys.stdout.write(_head(first, until, evidence.digests, hashes))
        separator = ""
        async for found in evidence.consumers(first, until):
            if found["consumer"] is not None and not with_uids:
                found["consumer"] = hashes.hash_consumer(found["consumer"])
            sys.stdout.write(f"{separator}\n{orjson.dumps(found).decode()}")
            separator = ","
        sys.stdout.write("\n]}\n")

    with_database(run)


@commands.command()
def who(
    hashes: Annotated[list[str], typer.Argument(metavar="HASH...", help="Hashes of consumers from an export.")],
    as_json: AsJson = False,
) -> None:
    """Show which consumers the hashes in an export of this deployment stand for."""
    wanted = dict.fromkeys(hashes)
    known = pseudonyms(read_settings()[HttpSettings])

    async def run(database: Database) -> dict[str, tuple[str, str]]:
        every = await EvidenceQueries(database.reads).known_consumers()
        uids = {hashed: uid for uid in every if (hashed := known.hash_consumer(uid)) in wanted}
        names = await consumer_names(uids.values(), database)
        return {hashed: (uid, names.get(uid, uid)) for hashed, uid in uids.items()}

    found = with_database(run)
    if missing := [hashed for hashed in wanted if hashed not in found]:
        message = f"No consumer of this deployment has the hash {', '.join(missing)}."
        raise CommandError(
            message, "It was deleted, or the export is of another deployment or STRATA_HTTP__CURSOR_KEY."
        )
    if as_json:
        show_json([{"hash": one, "consumer": found[one][0], "name": found[one][1]} for one in wanted])
        return
    show_table(("hash", "consumer", "name"), [(one, *found[one]) for one in wanted], empty="")


@commands.command()
def watch(
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="The id from `strata keys list`, or the uid of a consumer.")
    ],
    hours: Annotated[int, typer.Option(min=0, max=168, help="Duration from now; 0 ends it.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Take every request of one consumer into the evidence for some hours, instead of a sample."""

    async def run(database: Database) -> tuple[str, datetime]:
        consumer = await _consumer(database, key)
        async with database.write() as session:
            return consumer, await UsageService(session).watch(consumer, timedelta(hours=hours))

    consumer, ends_at = with_database(run)
    if as_json:
        show_json({"consumer": consumer, "watched_until": ends_at})
    else:
        state = f"all requests are evidence until {ends_at:%F %R} UTC" if hours else "a sample is evidence again"
        say(f"{key}: {state}. Every process applies it within seconds.")


async def _consumer(database: Database, key: str) -> str:
    """The uid of the consumer of a key. Raises ``CommandError``."""
    try:
        uid = str(typeid.decode(_KEY_PREFIX, key)) if key.startswith(f"{_KEY_PREFIX}_") else key
    except ValueError:
        uid = ""
    consumer = await WatchQueries(database.reads).consumer(uid)
    if consumer is None:
        message = f"KEY must be the id of a key or the uid of a consumer, got '{key}'."
        raise CommandError(message, "`strata keys list` shows the ids.")
    return consumer


def _head(since: date, until: date, digests: Mapping[str, str], hashes: Pseudonyms) -> str:
    """The members of the export before the consumers."""
    members = {
        "format": "strata-usage/1",
        "since": since.isoformat(),
        "until": until.isoformat(),
        "contracts": digests,
        "key": hashes.key_id,
        "names_key": hashes.names_key.hex(),
    }
    return f'{orjson.dumps(members).decode()[:-1]},"consumers":['


def _plain(view: UsageDayView) -> dict[str, Any]:
    return {
        "day": view.day.isoformat(),
        "api_key_id": None if view.key_uid is None else typeid.encode("key", view.key_uid),
        "requests": view.requests,
        "errors": view.errors,
        "rejections": view.rejections,
        "deprecated_calls": view.deprecated_calls,
        "p95_ms": None if view.p95_seconds is None else round(view.p95_seconds * 1000, 1),
    }
