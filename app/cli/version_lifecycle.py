"""``strata versions status|brownout|consent|retire``: the steps that end a version without breaking a consumer."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.cli.kit.confirmation import Yes, confirm
from app.cli.kit.environment import read_settings, with_database
from app.cli.kit.output import AsJson, CommandError, say, show_failure, show_json, show_table
from app.cli.kit.users import existing_user
from app.cli.kit.versions import existing_version
from app.kit.clock import utc_now
from app.kit.db.database import Database
from app.lifecycle.commands import QUIET_DAYS, RetirementPolicy
from app.lifecycle.errors import NoSuchBrownout, NoSuchConsent, StillNeeded
from app.lifecycle.schedule import Schedule
from app.lifecycle.service import LifecycleService
from app.lifecycle.version import Window
from app.lifecycle.views import Consumer, RetirementReport
from app.settings.lifecycle import LifecycleSettings

if TYPE_CHECKING:
    from versions.kit.version import ApiVersion

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
VersionName = Annotated[str, typer.Argument(metavar="VERSION", help="A name from `strata versions list`.")]
QuietDays = Annotated[
    int, typer.Option("--quiet-days", min=1, help="Days without usage that are required for retirement.")
]
GiveUp = Annotated[
    bool,
    typer.Option("--give-up-anonymous", help="Do not wait for clients without credentials, which cannot be contacted."),
]


def moment(text: str) -> datetime:
    """Parse an ISO 8601 time; without an offset it is UTC."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        message = f"must be a time such as 2026-12-01T09:00, in UTC; got '{text}'."
        raise typer.BadParameter(message) from None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def status(
    name: Annotated[str | None, typer.Argument(metavar="[VERSION]", help="One version; default: all.")] = None,
    quiet_days: QuietDays = QUIET_DAYS,
    give_up_anonymous: GiveUp = False,
    as_json: AsJson = False,
) -> None:
    """Show the current stage of each version, the consumers that depend on it, and the reasons against its retirement.

    Usage is recorded for deprecated versions and deprecated features; it is some seconds old.
    """
    from versions.registry import VERSIONS  # noqa: PLC0415 - other commands start faster without it

    chosen = list(VERSIONS) if name is None else [existing_version(name)]
    policy = RetirementPolicy(quiet_days, give_up_anonymous)

    async def run(database: Database) -> list[RetirementReport]:
        async with database.write() as session:
            service = LifecycleService(session)
            return [await service.report(version, policy) for version in chosen]

    reports = with_database(run)
    if as_json:
        plain = [_plain(version, report) for version, report in zip(chosen, reports, strict=True)]
        show_json(plain if name is None else plain[0])
        return
    for version, report in zip(chosen, reports, strict=True):
        _show(version, report)


def brownout(
    name: VersionName,
    starts: Annotated[
        datetime | None, typer.Option("--from", parser=moment, help="Start of the window, ISO 8601, UTC; default: now.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", parser=moment, help="End of the window, ISO 8601, UTC.")
    ] = None,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Cancel the windows within the span (default: all) and end a running one.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Schedule a window in which a deprecated version returns 410, or cancel windows."""
    version = existing_version(name)
    starts = starts or utc_now()
    if until is None and not cancel:
        raise CommandError(
            "A brownout needs an end.", "Add --until 2026-12-01T10:00, at most 24 hours after its start."
        )
    span = Window(starts, until or _NEVER)

    async def run(database: Database) -> tuple[int, RetirementReport]:
        async with database.write() as session:
            service = LifecycleService(session)
            count = 1
            if cancel:
                count = await service.cancel(version, span)
            else:
                await service.schedule(version, span)
            await session.flush()
            return count, await service.report(version, RetirementPolicy())

    try:
        count, report = with_database(run)
    except NoSuchBrownout as error:
        advice = (
            f"`strata versions status {name}` lists the brownouts. "
            f"To cancel a brownout that versions/{name}/version.py declares, remove it from that file."
        )
        raise CommandError(error.message, advice) from None
    if as_json:
        show_json({"cancelled" if cancel else "scheduled": count, "brownouts": _windows(report.windows)})
        return
    delay = f"Every process applies this within {read_settings(generate=False)[LifecycleSettings].refresh:g} seconds."
    if cancel:
        say(f"Cancelled: {count}. {delay}")
    else:
        say(f"{name} returns 410 from {_format(starts)} until {_format(span.ends_at)}. {delay}")
        say("/api and /policies/versions announce the window. --cancel cancels it.")


def consent(
    name: VersionName,
    user: Annotated[str, typer.Argument(help="E-mail address or sequential id of the user.")],
    note: Annotated[str, typer.Option(help="Source of the consent: a ticket, a mail.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Withdraw the user's consent.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Record that a user agrees to the end of a version, for all of the user's keys."""
    version = existing_version(name)
    if not note and not withdraw:
        raise CommandError("A consent needs its source.", 'Add the source: --note "ticket 4711".')
    if withdraw:
        confirm(f"This deletes the consent of {user} to the end of {name}, with its note", yes=yes)

    async def run(database: Database) -> str:
        found = await existing_user(database, user)
        async with database.write() as session:
            service = LifecycleService(session)
            if withdraw:
                await service.withdraw(version, found.id)
            else:
                await service.consent(version, found.id, note)
        return found.email

    try:
        email = with_database(run)
    except NoSuchConsent as error:
        raise CommandError(error.message, f"`strata versions status {name}` shows the recorded consents.") from None
    if as_json:
        show_json({"version": name, "account": email, "consented": not withdraw, "note": note})
    else:
        say(f"{email} {'no longer consents' if withdraw else 'consents'} to the end of {name}.")


def retire(
    name: VersionName,
    quiet_days: QuietDays = QUIET_DAYS,
    give_up_anonymous: GiveUp = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Retire a version, which then returns 410. Rejected while a consumer depends on it."""
    version = existing_version(name)
    confirm(f"This retires {name}: every request to it gets 410, for good", yes=yes)

    async def run(database: Database) -> bool:
        async with database.write() as session:
            return await LifecycleService(session).retire(version, RetirementPolicy(quiet_days, give_up_anonymous))

    try:
        ended = with_database(run)
    except StillNeeded as error:
        if as_json:
            show_json({"version": name, "retired": False, "reasons": error.reasons})
        for reason in error.reasons:
            show_failure(reason)
        message = f"{name} is not retired."
        raise CommandError(message, f"`strata versions status {name}` shows its consumers and what they use.") from None
    if as_json:
        show_json({"version": name, "retired": True, "reasons": []})
        return
    seconds = read_settings(generate=False)[LifecycleSettings].refresh
    if ended:
        say(f"{name} is retired: every process returns 410 within {seconds:g} seconds.")
    else:
        say(f"{name} was retired before.")
    say(f"  -> Declare its retired_at in versions/{name}/version.py, then run `strata contract freeze`.")


def _show(version: "ApiVersion", report: RetirementReport) -> None:
    stage = _stage(version, report)
    dates = [f"released {version.released}"]
    dates += [f"deprecated {version.deprecated_at:%F}"] if version.deprecated_at else []
    dates += [f"sunset {version.sunset_at:%F}"] if version.sunset_at else []
    dates += [f"retired {report.retired_at:%F}"] if report.retired_at else []
    say(f"{version.name}: {stage}, {', '.join(dates)}")
    for window in report.windows:
        say(f"  brownout {_format(window.starts_at)} until {_format(window.ends_at)}")
    if version.is_sunsetting or report.consumers:
        show_table(
            ("consumer", "last seen", "requests", "operations", "consent"),
            [_row(one) for one in report.consumers],
            empty="  No usage is recorded.",
        )
    if version.is_sunsetting:
        say(*(f"  -> {reason}" for reason in report.reasons))
        if not report.reasons and not report.retired_at:
            say(f"  -> It can be retired: `strata versions retire {version.name}`.")


def _row(one: Consumer) -> Sequence[str]:
    used = sorted({**one.operations, **one.features}.items(), key=lambda item: -item[1].requests)
    shown = ", ".join(f"{name} {use.requests}" for name, use in used[:4])
    more = f", {len(used) - 4} more" if len(used) > 4 else ""  # noqa: PLR2004 - as many as fit on a line
    consented = f"{one.consented_at:%F}" if one.consented_at else "-"
    return one.name, f"{one.total.last_seen:%F %R}", str(one.total.requests), shown + more, consented


def _plain(version: "ApiVersion", report: RetirementReport) -> dict[str, Any]:
    return {
        "name": version.name,
        "status": _stage(version, report),
        "sunset_at": version.sunset_at,
        "retired_at": report.retired_at,
        "brownouts": _windows(report.windows),
        "dependants": [asdict(one) | asdict(one.total) for one in report.consumers],
        "may_retire": version.is_sunsetting and not report.reasons and report.retired_at is None,
        "reasons": report.reasons,
    }


def _stage(version: "ApiVersion", report: RetirementReport) -> str:
    schedule = Schedule()
    retired = {version.name: report.retired_at} if report.retired_at else {}
    schedule.replace({version.name: report.windows}, retired)
    return schedule.status(version, utc_now()).value


def _windows(windows: Sequence[Window]) -> list[dict[str, datetime]]:
    return [{"from": window.starts_at, "until": window.ends_at} for window in windows]


def _format(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
