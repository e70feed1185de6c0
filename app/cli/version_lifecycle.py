"""``strata versions status|brownout|consent|retire``: how a version comes to its end, and nobody is surprised."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.cli.kit.environment import read_settings, with_database
from app.cli.kit.output import AsJson, CommandError, say, show_failure, show_json, show_table
from app.cli.kit.users import existing_user
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
VersionName = Annotated[str, typer.Argument(metavar="VERSION", help="As `strata versions list` names it: v1.")]
QuietDays = Annotated[int, typer.Option("--quiet-days", min=1, help="Days without use that an end has to wait for.")]
GiveUp = Annotated[
    bool, typer.Option("--give-up-anonymous", help="Do not wait for callers without credentials: nobody can ask them.")
]


def moment(text: str) -> datetime:
    """A time of ISO 8601; without an offset it is UTC."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        message = f"'{text}' is no time: write 2026-12-01T09:00, in UTC."
        raise typer.BadParameter(message) from None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def status(
    name: Annotated[str | None, typer.Argument(metavar="[VERSION]", help="One version; default: all.")] = None,
    quiet_days: QuietDays = QUIET_DAYS,
    give_up_anonymous: GiveUp = False,
    as_json: AsJson = False,
) -> None:
    """Show the stage of each version now, who still depends on it, and what stands against its end.

    Usage is recorded of deprecated versions, and of what is deprecated in others; it is some seconds old.
    """
    from versions.registry import VERSIONS  # noqa: PLC0415 - only these commands pay for the import

    chosen = list(VERSIONS) if name is None else [_version(name)]
    terms = RetirementPolicy(quiet_days, give_up_anonymous)

    async def run(database: Database) -> list[RetirementReport]:
        async with database.write() as session:
            service = LifecycleService(session)
            return [await service.report(version, terms) for version in chosen]

    standings = with_database(run)
    if as_json:
        plain = [_plain(version, report) for version, report in zip(chosen, standings, strict=True)]
        show_json(plain if name is None else plain[0])
        return
    for version, report in zip(chosen, standings, strict=True):
        _show(version, report)


def brownout(
    name: VersionName,
    starts: Annotated[
        datetime | None, typer.Option("--from", parser=moment, help="Its start, ISO 8601, UTC; default: now.")
    ] = None,
    until: Annotated[datetime | None, typer.Option("--until", parser=moment, help="Its end, likewise.")] = None,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Call off what lies within the span (default: all), and end what goes on.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Announce a window in which a deprecated version answers 410, or call windows off."""
    version = _version(name)
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
        advice = f"`strata versions status {name}` shows them; what versions/registry.py declares is called off there."
        raise CommandError(error.message, advice) from None
    if as_json:
        show_json({"cancelled" if cancel else "scheduled": count, "brownouts": _windows(report.windows)})
        return
    holds = f"Every process knows within {read_settings(generate=False)[LifecycleSettings].refresh:g} seconds."
    if cancel:
        say(f"Called off: {count}. {holds}")
    else:
        say(f"{name} answers 410 from {_told(starts)} until {_told(span.ends_at)}. {holds}")
        say("/api and /policies/versions announce it. --cancel calls it off.")


def consent(
    name: VersionName,
    account: Annotated[str, typer.Argument(help="E-mail address or sequential id of the account.")],
    note: Annotated[str, typer.Option(help="Where it was given: a ticket, a mail.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="The account takes its consent back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Record that an account agrees to the end of a version, for all of its keys."""
    version = _version(name)
    if not note and not withdraw:
        raise CommandError("A consent needs its source.", 'Add --note "ticket 4711", so that it can be looked up.')

    async def run(database: Database) -> str:
        user = await existing_user(database, account)
        async with database.write() as session:
            service = LifecycleService(session)
            if withdraw:
                await service.withdraw(version, user.id)
            else:
                await service.consent(version, user.id, note)
        return user.email

    try:
        email = with_database(run)
    except NoSuchConsent as error:
        raise CommandError(error.message, f"`strata versions status {name}` shows who has.") from None
    if as_json:
        show_json({"version": name, "account": email, "consented": not withdraw, "note": note})
    else:
        say(f"{email} {'no longer consents' if withdraw else 'consents'} to the end of {name}.")


def retire(
    name: VersionName,
    quiet_days: QuietDays = QUIET_DAYS,
    give_up_anonymous: GiveUp = False,
    as_json: AsJson = False,
) -> None:
    """End a version: it answers 410 from now on. Refused while somebody still depends on it."""
    version = _version(name)

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
        raise CommandError(message, f"`strata versions status {name}` shows who depends on it, and on what.") from None
    if as_json:
        show_json({"version": name, "retired": True, "reasons": []})
        return
    seconds = read_settings(generate=False)[LifecycleSettings].refresh
    say(f"{name} has ended: every process answers 410 within {seconds:g} seconds." if ended else f"{name} had ended.")
    say("  -> Declare it retired, with retired_at, in versions/registry.py, and run `strata contract freeze`.")


def _version(name: str) -> "ApiVersion":
    from versions.registry import VERSIONS  # noqa: PLC0415 - only these commands pay for the import

    for version in VERSIONS:
        if version.name == name:
            return version
    message = f"There is no version {name}."
    raise CommandError(message, f"There are {', '.join(version.name for version in VERSIONS)}.")


def _show(version: "ApiVersion", report: RetirementReport) -> None:
    stage = _stage(version, report)
    dates = [f"released {version.released}"]
    dates += [f"deprecated {version.deprecated_at:%F}"] if version.deprecated_at else []
    dates += [f"sunset {version.sunset_at:%F}"] if version.sunset_at else []
    dates += [f"retired {report.retired_at:%F}"] if report.retired_at else []
    say(f"{version.name}: {stage}, {', '.join(dates)}")
    for window in report.windows:
        say(f"  brownout {_told(window.starts_at)} until {_told(window.ends_at)}")
    if version.is_sunsetting or report.consumers:
        show_table(
            ("consumer", "last seen", "requests", "operations", "consent"),
            [_row(one) for one in report.consumers],
            empty="  No use is recorded.",
        )
    if version.is_sunsetting:
        say(*(f"  -> {reason}" for reason in report.reasons))
        if not report.reasons and not report.retired_at:
            say(f"  -> Nothing stands against its end: `strata versions retire {version.name}`.")


def _row(one: Consumer) -> Sequence[str]:
    used = sorted({**one.operations, **one.features}.items(), key=lambda item: -item[1].requests)
    shown = ", ".join(f"{name} {use.requests}" for name, use in used[:4])
    more = f", {len(used) - 4} more" if len(used) > 4 else ""  # noqa: PLR2004 - as many as a line holds
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


def _windows(windows: Sequence[Window]) -> list[dict[str, str]]:
    return [{"from": _told(window.starts_at), "until": _told(window.ends_at)} for window in windows]


def _told(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
