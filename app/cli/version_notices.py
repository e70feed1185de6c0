"""``strata versions notify``: mails each user who depends on a version that ends a personal migration guide."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from app.cli.kit.confirmation import Yes, confirm
from app.cli.kit.environment import with_database
from app.cli.kit.output import AsJson, CommandError, say, show_json, show_table
from app.cli.kit.periods import first_day
from app.cli.kit.versions import existing_version
from app.kit.clock import utc_now
from app.kit.db.database import Database
from app.kit.wording import count_of
from app.lifecycle.queries import DecisionQueries
from app.migration_guides.queries import PersonalGuideQueries
from app.migration_guides.reader import PersonalGuideReader
from app.migration_guides.sections import read_sections
from app.migration_guides.service import QUIET_PERIOD, NoticeService, reason_to_skip
from app.migration_guides.views import PersonalGuide, Recipient, Transition

if TYPE_CHECKING:
    from versions.kit.version import ApiVersion

_SHOWN: Final = 3
"""The sections of a user that the table names."""
Show = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Plan:
    """The users who get a mail, the users who get none, with the reason, and the number of anonymous requests."""

    wanted: Sequence[Recipient]
    skipped: Sequence[tuple[Recipient, str]]
    anonymous: int


def notify(
    name: Annotated[str, typer.Argument(metavar="VERSION", help="A name from `strata versions list`.")],
    since: Annotated[str, typer.Option(help="The period until today whose requests count: 30d, or its first day.")] = (
        "30d"
    ),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the mails and their sections, and send none.")] = (
        False
    ),
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Mail each user who depends on a deprecated version the sections of the migration guide that their requests touch.

    A user gets one mail about the same version and sunset within 30 days, however often the command runs. Deactivated
    users and users whose address is not verified are skipped. Workers send the mails: `strata jobs list` shows them.
    """
    transition = _transition(existing_version(name))
    until = utc_now().date()
    first = first_day(since, until)

    async def plan(database: Database) -> _Plan:
        if (await DecisionQueries(database.reads).retirements()).get(name):
            raise CommandError(f"{name} is retired: its users cannot change in time.", "Nothing was sent.")
        return await _plan(database, transition, first, until)

    async def preview(database: Database) -> list[tuple[Recipient, PersonalGuide]]:
        reader = PersonalGuideReader(database.reads)
        return [(one, await reader.of_user(one.user_id, transition, first, until)) for one in planned.wanted]

    planned = with_database(plan)
    if dry_run:
        guides = with_database(preview)
        _show(transition, planned, guides, as_json=as_json)
        return
    if planned.wanted:
        consequence = f"This sends {count_of(len(planned.wanted), 'mail')} about the end of {name}"
        confirm(f"{consequence} on {transition.ends_on}, which cannot be withdrawn", yes=yes)

    async def send(database: Database) -> list[tuple[Recipient, PersonalGuide]]:
        with _progress() as show:
            return [one async for one in _sent(database, transition, planned.wanted, (first, until), show)]

    sent = with_database(send) if planned.wanted else []
    _show(transition, planned, sent, as_json=as_json, sent=True)


def _transition(version: "ApiVersion") -> Transition:
    if not version.is_sunsetting or version.sunset_at is None or version.successor is None:
        message = f"{version.name} is {version.status}: it has no sunset to announce."
        raise CommandError(message, f"Deprecate it in versions/{version.name}/version.py first.")
    return Transition(version.name, version.successor, version.sunset_at.date())


async def _plan(database: Database, transition: Transition, since: date, until: date) -> _Plan:
    now = utc_now()
    queries = PersonalGuideQueries(database.reads)
    found = [
        (one, reason_to_skip(one, now))
        for one in await queries.recipients(transition.version, transition.ends_on, since, until)
    ]
    return _Plan(
        wanted=[one for one, reason in found if reason is None],
        skipped=[(one, reason) for one, reason in found if reason is not None],
        anonymous=await queries.anonymous_requests(transition.version, since, until),
    )


async def _sent(
    database: Database, transition: Transition, wanted: Sequence[Recipient], period: tuple[date, date], show: Show
) -> AsyncIterator[tuple[Recipient, PersonalGuide]]:
    """Yield each user whose mail was enqueued. What another run of the command enqueued meanwhile is left out."""
    reader = PersonalGuideReader(database.reads)
    for number, one in enumerate(wanted, 1):
        guide = await reader.of_user(one.user_id, transition, *period)
        async with database.write() as session:
            is_new = await NoticeService(session).notify(one, guide, utc_now())
        show(f"Enqueueing mails: {number:,} of {len(wanted):,}")
        if is_new:
            yield one, guide


def _show(
    transition: Transition,
    planned: _Plan,
    guides: Sequence[tuple[Recipient, PersonalGuide]],
    *,
    as_json: bool,
    sent: bool = False,
) -> None:
    if as_json:
        show_json(_plain(transition, planned, guides, sent=sent))
        return
    titles = {one.anchor: one.title for one in read_sections(transition.pair)}
    show_table(
        ("user", "requests", "last seen", "sections"),
        [(one.email, f"{guide.requests:,}", _day(guide), _sections(guide, titles)) for one, guide in guides],
        empty=f"No user who depends on {transition.version} is to be notified.",
    )
    say(*(f"Skipped: {one.email}, {reason}" for one, reason in planned.skipped))
    if planned.anonymous:
        say(f"{count_of(planned.anonymous, 'request')} without credentials: nobody can be notified.")
    if sent:
        days = QUIET_PERIOD.days
        say(f"{count_of(len(guides), 'mail')} enqueued. Each of these users gets no other one within {days} days.")
    else:
        say(f"{count_of(len(guides), 'mail')} would be sent. Nothing was sent.")


def _plain(
    transition: Transition, planned: _Plan, guides: Sequence[tuple[Recipient, PersonalGuide]], *, sent: bool
) -> dict[str, Any]:
    return {
        "version": transition.version,
        "ends_on": transition.ends_on.isoformat(),
        "sent": sent,
        "mails": [
            {
                "user": one.email,
                "requests": guide.requests,
                "last_seen": guide.last_seen,
                "keys": guide.keys,
                "sections": [
                    {"section": section.anchor, "requests": section.requests, "last_seen": section.last_seen}
                    for section in guide.sections
                ],
            }
            for one, guide in guides
        ],
        "skipped": [{"user": one.email, "reason": reason} for one, reason in planned.skipped],
        "anonymous_requests": planned.anonymous,
    }


def _sections(guide: PersonalGuide, titles: dict[str, str]) -> str:
    shown = ", ".join(f"{titles[one.anchor]} ({one.requests:,})" for one in guide.sections[:_SHOWN])
    left = len(guide.sections) - _SHOWN
    return f"{len(guide.sections)}: {shown}{f' and {left} more' if left > 0 else ''}" if shown else "none"


def _day(guide: PersonalGuide) -> str:
    return "-" if guide.last_seen is None else f"{guide.last_seen:%F}"


@contextmanager
def _progress() -> Iterator[Show]:
    """Shows what is done, on a terminal only."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Enqueueing mails", total=None)
        yield lambda text: progress.update(task, description=text)
