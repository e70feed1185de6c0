"""Use cases that decide about versions: brownouts, consents and retirement."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from app.events.audit import AuditRecorder, target
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.lifecycle.commands import RetirementPolicy
from app.lifecycle.errors import BrownoutRefused, NoSuchBrownout, NoSuchConsent, StillNeeded
from app.lifecycle.repository import DecisionRepository, UsageReportRepository
from app.lifecycle.rules import window_errors
from app.lifecycle.version import VersionLifecycle, VersionStatus, Window
from app.lifecycle.views import Consumer, RetirementReport, consumers_from_rows
from app.models.usage import ANONYMOUS


class LifecycleService:
    """Decides about versions, for operators on the command line; no request reaches it."""

    def __init__(self, session: WriteSession) -> None:
        self._decisions = DecisionRepository(session)
        self._usage = UsageReportRepository(session)
        self._audit = AuditRecorder(session)

    async def schedule(self, lifecycle: VersionLifecycle, window: Window, now: datetime | None = None) -> None:
        """Schedule a brownout. Raises ``BrownoutRefused``."""
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
        if errors := list(window_errors(lifecycle, [*known, window])):
            raise BrownoutRefused(" ".join(errors))
        self._decisions.schedule(lifecycle.name, window)
        self._record("brownout_scheduled", lifecycle, starts_at=window.starts_at, ends_at=window.ends_at)

    async def cancel(self, lifecycle: VersionLifecycle, span: Window, now: datetime | None = None) -> int:
        """Cancel future brownouts within a span, end open ones, and return the number of both.

        Raises ``NoSuchBrownout``. Windows that are declared in the version's ``version.py`` are cancelled there.
        """
        await self._decisions.lock()
        if not (count := await self._decisions.cancel(lifecycle.name, span, now or utc_now())):
            raise NoSuchBrownout
        self._record("brownouts_cancelled", lifecycle, starts_at=span.starts_at, ends_at=span.ends_at)
        return count

    async def consent(self, lifecycle: VersionLifecycle, user_id: int, note: str) -> None:
        """Record that a user agrees to the retirement of a version; ``note`` says where."""
        user = await self._decisions.consent(lifecycle.name, user_id, note, utc_now())
        self._record("consent_recorded", lifecycle, user=user)

    async def withdraw(self, lifecycle: VersionLifecycle, user_id: int) -> None:
        """Withdraw a consent. Raises ``NoSuchConsent``."""
        if (user := await self._decisions.withdraw(lifecycle.name, user_id)) is None:
            raise NoSuchConsent
        self._record("consent_withdrawn", lifecycle, user=user)

    async def report(
        self, lifecycle: VersionLifecycle, policy: RetirementPolicy, now: datetime | None = None
    ) -> RetirementReport:
        """The windows, consumers and obstacles to the retirement of a version."""
        now = now or utc_now()
        rows = await self._usage.by_consumer(lifecycle.name, features_only=not lifecycle.is_sunsetting)
        consumers = consumers_from_rows(rows)
        retired_at = lifecycle.retired_at or await self._decisions.retired_at(lifecycle.name)
        reasons = (
            [] if retired_at else [*_date_reasons(lifecycle, now), *_usage_reasons(lifecycle, consumers, policy, now)]
        )
        windows = sorted({*lifecycle.brownouts, *await self._decisions.windows(lifecycle.name)})
        return RetirementReport(windows, retired_at, consumers, reasons)

    async def retire(self, lifecycle: VersionLifecycle, policy: RetirementPolicy, now: datetime | None = None) -> bool:
        """Retire a version; False if it was retired before. Raises ``StillNeeded``."""
        now = now or utc_now()
        await self._decisions.lock()
        report = await self.report(lifecycle, policy, now)
        if report.retired_at:
            return False
        if report.reasons:
            raise StillNeeded(report.reasons)
        self._decisions.retire(lifecycle.name, now)
        self._record("retired", lifecycle, quiet_days=policy.quiet_days)
        return True

    def _record(self, act: str, lifecycle: VersionLifecycle, **detail: Any) -> None:
        self._audit.record(f"version.{act}", target("version", lifecycle.name), detail)


def _date_reasons(lifecycle: VersionLifecycle, now: datetime) -> list[str]:
    if lifecycle.status is not VersionStatus.DEPRECATED:
        where = f"versions/{lifecycle.name}/version.py"
        return [f"{lifecycle.name} is {lifecycle.status}: deprecate it in {where}, and wait for its sunset."]
    if lifecycle.sunset_at is not None and now < lifecycle.sunset_at:
        text = (
            f"The sunset of {lifecycle.name}, which clients were told to rely on, is on {lifecycle.sunset_at:%-d %B %Y}"
        )
        return [f"{text}: wait until then."]
    return []


def _usage_reasons(
    lifecycle: VersionLifecycle, consumers: Sequence[Consumer], policy: RetirementPolicy, now: datetime
) -> list[str]:
    since = now - timedelta(days=policy.quiet_days)
    recent = [
        consumer
        for consumer in consumers
        if consumer.operations
        and consumer.total.last_seen >= since
        and not (policy.give_up_anonymous and consumer.consumer == ANONYMOUS)
    ]
    without_consent = {
        consumer.account
        for consumer in consumers
        if consumer.account is not None and consumer.operations and consumer.consented_at is None
    }
    reasons = []
    if recent:
        names = "; ".join(
            f"{consumer.name}, last on {consumer.total.last_seen.astimezone(UTC):%F}" for consumer in recent
        )
        reasons.append(
            f"{lifecycle.name} was used within {policy.quiet_days} days by {names}. Help them to move, "
            f"rehearse the end with `strata versions brownout {lifecycle.name}`, "
            f"and wait for {policy.quiet_days} days without use."
        )
    if without_consent:
        reasons.append(
            f"Consent is missing from {', '.join(sorted(without_consent))}. Ask, and record each answer with "
            f"`strata versions consent {lifecycle.name} USER --note WHERE`."
        )
    return reasons
