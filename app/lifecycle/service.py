"""Deciding about versions: when one rehearses its end, who still depends on it, and whether it may end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from app.errors import Conflict, Invalid, NotFound
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.lifecycle.repository import DecisionRepository, UsageRepository
from app.lifecycle.rules import window_faults
from app.lifecycle.usage import ANONYMOUS
from app.lifecycle.version import VersionLifecycle, VersionStatus, Window

QUIET_DAYS: Final = 30
"""Days without any use after which a version may end."""
RETENTION: Final = timedelta(days=400)
"""How long usage is remembered."""


class BrownoutRefused(Invalid):
    code = "brownout_refused"
    detail = "This brownout cannot be scheduled."


class NoSuchBrownout(NotFound):
    code = "brownout_not_found"
    detail = "No brownout that goes on or is to come lies within this span."


class NoSuchConsent(NotFound):
    code = "consent_not_found"
    detail = "This account has not consented."


class StillNeeded(Conflict):
    """``reasons`` are sentences that name who stands against it and what to do."""

    code = "version_still_needed"
    detail = "The version may not end yet."

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = tuple(reasons)


@dataclass(frozen=True, slots=True)
class Use:
    """How often something was used, and when last."""

    requests: int
    last_seen: datetime


@dataclass(slots=True)
class Consumer:
    """A consumer that used a version. ``account_id`` is None for anonymous callers and for accounts that are gone."""

    consumer: str
    account_id: int | None
    account: str | None
    key: str | None
    consented_at: datetime | None
    operations: dict[str, Use] = field(default_factory=dict)
    features: dict[str, Use] = field(default_factory=dict)

    @property
    def total(self) -> Use:
        """All of it. What is deprecated within an operation was counted with the operation, where that is."""
        uses = (self.operations or self.features).values()
        return Use(sum(use.requests for use in uses), max(use.last_seen for use in uses))

    @property
    def name(self) -> str:
        """For a person: the account and its key."""
        who = self.account or ("anonymous callers" if self.consumer == ANONYMOUS else f"{self.consumer} (gone)")
        return f"{who} ({self.key})" if self.key else who


@dataclass(frozen=True, slots=True)
class RetirementReport:
    """How a version stands: who depends on it, and why it may not be retired now."""

    windows: Sequence[Window]
    retired_at: datetime | None
    consumers: Sequence[Consumer]
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class RetirementPolicy:
    """What an end has to wait for: ``quiet_days`` without use, of anonymous callers too unless they are given up."""

    quiet_days: int = QUIET_DAYS
    give_up_anonymous: bool = False


class LifecycleService:
    """For operators: whoever runs commands on the machine. No request reaches it."""

    def __init__(self, session: WriteSession) -> None:
        self._decisions = DecisionRepository(session)
        self._usage = UsageRepository(session)

    async def schedule(self, lifecycle: VersionLifecycle, window: Window, now: datetime | None = None) -> None:
        """Announce a brownout. Raises ``BrownoutRefused``."""
        now = now or utc_now()
        await self._decisions.lock()
        if lifecycle.status is not VersionStatus.DEPRECATED:
            raise BrownoutRefused(
                f"{lifecycle.name} is {lifecycle.status}: only a deprecated version rehearses its end."
            )
        if await self._decisions.retired_at(lifecycle.name):
            raise BrownoutRefused(f"{lifecycle.name} has ended already.")
        if window.ends_at <= now:
            raise BrownoutRefused("The brownout would be over already. Give an end that is to come.")
        known = {*lifecycle.brownouts, *await self._decisions.windows(lifecycle.name)}
        if faults := list(window_faults(lifecycle, [*known, window])):
            raise BrownoutRefused(" ".join(faults))
        self._decisions.schedule(lifecycle.name, window)

    async def cancel(self, lifecycle: VersionLifecycle, span: Window, now: datetime | None = None) -> int:
        """Call off what is within a span, and end what goes on; how many brownouts that were.

        Raises ``NoSuchBrownout``. Windows that versions/registry.py declares are called off there.
        """
        await self._decisions.lock()
        if not (count := await self._decisions.cancel(lifecycle.name, span, now or utc_now())):
            raise NoSuchBrownout
        return count

    async def consent(self, lifecycle: VersionLifecycle, user_id: int, note: str) -> None:
        """Record that an account agrees to the end of a version."""
        await self._decisions.consent(lifecycle.name, user_id, note, utc_now())

    async def withdraw(self, lifecycle: VersionLifecycle, user_id: int) -> None:
        """Take a consent back. Raises ``NoSuchConsent``."""
        if not await self._decisions.withdraw(lifecycle.name, user_id):
            raise NoSuchConsent

    async def report(
        self, lifecycle: VersionLifecycle, terms: RetirementPolicy, now: datetime | None = None
    ) -> RetirementReport:
        """Everything that is known of a version now."""
        now = now or utc_now()
        consumers = _consumers(await self._usage.of(lifecycle.name))
        retired_at = lifecycle.retired_at or await self._decisions.retired_at(lifecycle.name)
        reasons = [] if retired_at else [*_undue(lifecycle, now), *_needed_by(lifecycle, consumers, terms, now)]
        windows = sorted({*lifecycle.brownouts, *await self._decisions.windows(lifecycle.name)})
        return RetirementReport(windows, retired_at, consumers, reasons)

    async def retire(self, lifecycle: VersionLifecycle, terms: RetirementPolicy, now: datetime | None = None) -> bool:
        """End a version; whether it had not ended before. Raises ``StillNeeded``."""
        now = now or utc_now()
        await self._decisions.lock()
        report = await self.report(lifecycle, terms, now)
        if report.retired_at:
            return False
        if report.reasons:
            raise StillNeeded(report.reasons)
        self._decisions.retire(lifecycle.name, now)
        return True

    async def purge(self, now: datetime | None = None) -> int:
        """Forget usage that is older than ``RETENTION``; how many rows."""
        return await self._usage.purge(((now or utc_now()) - RETENTION).date())


def _consumers(rows: Sequence[Mapping[str, Any]]) -> list[Consumer]:
    found: dict[str, Consumer] = {}
    for row in rows:
        consumer = row["consumer"]
        if consumer not in found:
            key = f"key {row['key_name']}, {row['key_hint']}..." if row["key_hint"] else None
            found[consumer] = Consumer(consumer, row["account_id"], row["account"], key, row["consented_at"])
        use = Use(int(row["requests"]), row["last_seen"])
        if row["feature"]:
            found[consumer].features[f"{row['operation']} {row['feature']}"] = use
        else:
            found[consumer].operations[row["operation"]] = use
    return list(found.values())


def _undue(lifecycle: VersionLifecycle, now: datetime) -> list[str]:
    if lifecycle.status is not VersionStatus.DEPRECATED:
        return [
            f"{lifecycle.name} is {lifecycle.status}: deprecate it in versions/registry.py, and wait for its sunset."
        ]
    if lifecycle.sunset_at is not None and now < lifecycle.sunset_at:
        told = (
            f"The sunset of {lifecycle.name}, which clients were told to rely on, is on {lifecycle.sunset_at:%-d %B %Y}"
        )
        return [f"{told}: wait until then."]
    return []


def _needed_by(
    lifecycle: VersionLifecycle, consumers: Sequence[Consumer], terms: RetirementPolicy, now: datetime
) -> list[str]:
    since = now - timedelta(days=terms.quiet_days)
    recent = [
        one
        for one in consumers
        if one.operations
        and one.total.last_seen >= since
        and not (terms.give_up_anonymous and one.consumer == ANONYMOUS)
    ]
    unasked = {
        one.account for one in consumers if one.account is not None and one.operations and one.consented_at is None
    }
    reasons = []
    if recent:
        names = "; ".join(f"{one.name}, last on {one.total.last_seen.astimezone(UTC):%F}" for one in recent)
        reasons.append(
            f"{lifecycle.name} was used within {terms.quiet_days} days by {names}. Help them to move, "
            f"rehearse the end with `strata versions brownout {lifecycle.name}`, "
            f"and wait for {terms.quiet_days} days without use."
        )
    if unasked:
        reasons.append(
            f"Consent is missing from {', '.join(sorted(unasked))}. Ask, and record each answer with "
            f"`strata versions consent {lifecycle.name} ACCOUNT --note WHERE`."
        )
    return reasons
