"""Decisions about versions on a real database: brownouts, consents, usage and retirement."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.access.service import ApiKeyService
from app.kit.clock import utc_now
from app.lifecycle.commands import RetirementPolicy
from app.lifecycle.errors import BrownoutRefused, NoSuchBrownout, NoSuchConsent, StillNeeded
from app.lifecycle.service import LifecycleService
from app.lifecycle.version import VersionStatus, Window
from app.lifecycle.views import RetirementReport
from app.models import User
from app.usage.buffer import UsageBuffer
from app.usage.service import UsageService
from tests.support.app import TestApp
from tests.support.registries import CURRENT, DAY, OLD

AFTER_SUNSET = datetime(2028, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hours(start: datetime, length: float = 1) -> Window:
    return Window(start, start + length * HOUR)


async def used(
    test_app: TestApp, consumer: object, when: datetime, *, times: int = 1, operation: str = "posts.list"
) -> None:
    buffer = UsageBuffer(lambda: None)
    for _ in range(times):
        buffer.record("v901", operation, "", None if consumer is None else str(consumer), when)
    await buffer.flush(test_app.runtime.database)


async def report(
    test_app: TestApp, now: datetime = AFTER_SUNSET, terms: RetirementPolicy | None = None
) -> RetirementReport:
    async with test_app.runtime.database.write() as session:
        return await LifecycleService(session).report(OLD, terms or RetirementPolicy(), now)


async def retire(test_app: TestApp, now: datetime = AFTER_SUNSET, terms: RetirementPolicy | None = None) -> bool:
    async with test_app.runtime.database.write() as session:
        return await LifecycleService(session).retire(OLD, terms or RetirementPolicy(), now)


async def consent(test_app: TestApp, user: User) -> None:
    async with test_app.runtime.database.write() as session:
        await LifecycleService(session).consent(OLD, user.id, "ticket 1")


def key_uid(headers: dict[str, str], rows: list[Any]) -> UUID:
    (found,) = [key.uid for key, _ in rows if headers["X-API-Key"].startswith(key.hint)]
    return UUID(str(found))


async def key_of(test_app: TestApp, headers: dict[str, str]) -> UUID:
    async with test_app.runtime.database.write() as session:
        return key_uid(headers, await ApiKeyService(session).list_all())


async def test_brownouts_are_scheduled_and_cancelled(test_app: TestApp) -> None:
    now = utc_now()
    first, second, running = hours(now + DAY), hours(now + 2 * DAY), hours(now - HOUR / 2)
    async with test_app.runtime.database.write() as session:
        service = LifecycleService(session)
        for window in (first, second, running):
            await service.schedule(OLD, window)
        await session.flush()
        assert list((await service.report(OLD, RetirementPolicy())).windows) == [running, first, second]
        assert await service.cancel(OLD, hours(now + DAY, 2)) == 1
        assert list((await service.report(OLD, RetirementPolicy())).windows) == [running, second]
        assert await service.cancel(OLD, hours(now, 1000)) == 2
        (ended,) = (await service.report(OLD, RetirementPolicy())).windows
        assert ended.starts_at == running.starts_at
        assert ended.ends_at <= utc_now(), "an open brownout ends and stays recorded"
        with pytest.raises(NoSuchBrownout):
            await service.cancel(OLD, hours(now, 1000))


REFUSED: list[tuple[Any, Window, str]] = [
    (CURRENT, hours(utc_now() + DAY), "v2 is current: only a deprecated version"),
    (OLD, hours(utc_now() - DAY), "over already"),
    (OLD, hours(utc_now() + DAY, 25), "longer than 24 hours"),
    (OLD, hours(utc_now() + DAY, -1), "does not end after it starts"),
    (OLD, hours(AFTER_SUNSET), "ends after the sunset"),
    (OLD, hours(utc_now() + 3 * DAY + HOUR / 2), "overlap"),
]


@pytest.mark.parametrize(("version", "window", "sentence"), REFUSED)
async def test_an_invalid_brownout_is_rejected(test_app: TestApp, version: Any, window: Window, sentence: str) -> None:
    async with test_app.runtime.database.write() as session:
        service = LifecycleService(session)
        await service.schedule(
            OLD, hours(window.starts_at - HOUR / 2 if "overlap" in sentence else utc_now() + 9 * DAY)
        )
        await session.flush()
        with pytest.raises(BrownoutRefused, match=sentence):
            await service.schedule(version, window)


async def test_an_unused_version_is_retired_after_its_sunset(test_app: TestApp) -> None:
    with pytest.raises(StillNeeded, match="on 31 December 2027: wait until then"):
        await retire(test_app, utc_now())
    assert await retire(test_app) is True
    assert await retire(test_app) is False, "it is retired already"
    assert (await report(test_app)).retired_at == AFTER_SUNSET
    async with test_app.runtime.database.write() as session:
        with pytest.raises(BrownoutRefused, match="has ended"):
            await LifecycleService(session).schedule(OLD, hours(utc_now() + DAY))


async def test_a_version_in_use_is_not_retired_despite_consent(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    await consent(test_app, ada.user)
    key = await key_of(test_app, ada.headers)
    await used(test_app, key, AFTER_SUNSET - 29 * DAY, times=3)
    with pytest.raises(StillNeeded) as refusal:
        await retire(test_app)
    (reason,) = refusal.value.reasons
    assert "used within 30 days by ada@example.com (key test, sk_live_" in reason
    assert "strata versions brownout v901" in reason
    assert await retire(test_app, terms=RetirementPolicy(quiet_days=28)) is True


async def test_retirement_needs_the_consent_of_every_user(test_app: TestApp) -> None:
    ada, eve = await test_app.person("ada@example.com"), await test_app.person("eve@example.com")
    long_ago = AFTER_SUNSET - 90 * DAY
    await used(test_app, await key_of(test_app, ada.headers), long_ago)
    await used(test_app, eve.user.uid, long_ago, operation="posts.get")
    with pytest.raises(StillNeeded, match=r"Consent is missing from ada@example.com, eve@example.com\. Ask"):
        await retire(test_app)
    await consent(test_app, ada.user)
    with pytest.raises(StillNeeded, match=r"missing from eve@example.com\."):
        await retire(test_app)
    await consent(test_app, eve.user)
    async with test_app.runtime.database.write() as session:
        await LifecycleService(session).withdraw(OLD, ada.user.id)
        with pytest.raises(NoSuchConsent):
            await LifecycleService(session).withdraw(OLD, ada.user.id)
    with pytest.raises(StillNeeded, match=r"missing from ada@example.com\."):
        await retire(test_app)
    await consent(test_app, ada.user)
    assert await retire(test_app) is True


async def test_anonymous_callers_can_be_given_up(test_app: TestApp) -> None:
    await used(test_app, None, AFTER_SUNSET - DAY)
    with pytest.raises(StillNeeded, match="anonymous callers"):
        await retire(test_app)
    assert await retire(test_app, terms=RetirementPolicy(give_up_anonymous=True)) is True


async def test_the_report_names_consumers_and_their_usage(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    key = await key_of(test_app, ada.headers)
    await used(test_app, key, AFTER_SUNSET - 3 * DAY, times=2)
    await used(test_app, key, AFTER_SUNSET - 2 * DAY, times=5)
    await used(test_app, key, AFTER_SUNSET - DAY, operation="posts.get")
    await used(test_app, UUID(int=7), AFTER_SUNSET - 4 * DAY)
    first, gone = (await report(test_app)).consumers
    assert (first.account, first.account_id, first.total.requests) == ("ada@example.com", ada.user.id, 8)
    assert {name: use.requests for name, use in first.operations.items()} == {"posts.list": 7, "posts.get": 1}
    assert first.total.last_seen == AFTER_SUNSET - DAY
    assert (gone.account_id, gone.name) == (None, f"{UUID(int=7)} (gone)")
    async with test_app.runtime.database.write() as session:
        assert await UsageService(session).purge(AFTER_SUNSET + timedelta(days=400 - 1)) == 3
    (kept,) = (await report(test_app)).consumers
    assert kept.total.requests == 1


async def test_only_a_deprecated_version_is_retired(test_app: TestApp) -> None:
    async with test_app.runtime.database.write() as session:
        with pytest.raises(StillNeeded, match="v2 is current: deprecate it"):
            await LifecycleService(session).retire(CURRENT, RetirementPolicy(), AFTER_SUNSET)


async def test_decisions_about_a_version_do_not_affect_another(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    other = replace(OLD, name="v0")
    now = utc_now()
    window = hours(now + DAY)
    await used(test_app, ada.user.uid, AFTER_SUNSET - 90 * DAY)
    async with test_app.runtime.database.write() as session:
        service = LifecycleService(session)
        for version in (OLD, other):
            await service.schedule(version, window)
        await service.consent(other, ada.user.id, "ticket 1")
        assert await service.cancel(other, hours(now, 1000)) == 1
        await service.retire(other, RetirementPolicy(), AFTER_SUNSET)
        await session.flush()
        found = await service.report(OLD, RetirementPolicy(), AFTER_SUNSET)
        assert (list(found.windows), found.retired_at) == ([window], None)
        assert [one.consented_at for one in found.consumers] == [None]
        assert list((await service.report(other, RetirementPolicy(), AFTER_SUNSET)).consumers) == []
        await service.consent(OLD, ada.user.id, "ticket 2")
        await service.withdraw(other, ada.user.id)
        (consumer,) = (await service.report(OLD, RetirementPolicy(), AFTER_SUNSET)).consumers
        assert consumer.consented_at is not None


async def test_declared_decisions_count_like_recorded_ones(test_app: TestApp) -> None:
    now = utc_now()
    declared, recorded = hours(now + 2 * DAY), hours(now + DAY)
    version = replace(OLD, brownouts=(declared,))
    retired = replace(OLD, status=VersionStatus.RETIRED, retired_at=now)
    async with test_app.runtime.database.write() as session:
        service = LifecycleService(session)
        with pytest.raises(BrownoutRefused, match="overlap"):
            await service.schedule(version, hours(declared.starts_at + HOUR / 2))
        await service.schedule(version, recorded)
        assert list((await service.report(version, RetirementPolicy())).windows) == [recorded, declared]
        found = await service.report(retired, RetirementPolicy())
        assert (found.retired_at, list(found.reasons)) == (now, [])
        assert await service.retire(retired, RetirementPolicy()) is False


async def test_a_brownout_that_is_over_stays_as_it_was(test_app: TestApp) -> None:
    """A cancellation of a span that began before it ends open brownouts only."""
    now = utc_now()
    over, running, next_day = hours(now - 3 * HOUR), hours(now - HOUR / 2), hours(now + DAY)
    async with test_app.runtime.database.write() as session:
        service = LifecycleService(session)
        for window in (over, running, next_day):
            await service.schedule(OLD, window, now=over.starts_at)
        await session.flush()
        assert await service.cancel(OLD, Window(now - DAY, next_day.starts_at), now) == 1, "a span excludes its end"
        assert await service.cancel(OLD, hours(now - DAY, 72), now) == 1
        assert list((await service.report(OLD, RetirementPolicy())).windows) == [over, Window(running.starts_at, now)]
        with pytest.raises(NoSuchBrownout):
            await service.cancel(OLD, hours(now - DAY, 72), now)


async def test_a_brownout_may_have_begun_when_it_is_scheduled_and_not_be_over(test_app: TestApp) -> None:
    now = utc_now()
    async with test_app.runtime.database.write() as session:
        service = LifecycleService(session)
        await service.schedule(OLD, Window(now - HOUR, now + timedelta(seconds=1)), now)
        with pytest.raises(BrownoutRefused, match="over already"):
            await service.schedule(OLD, Window(now - 3 * HOUR, now), now)


async def test_uses_of_features_alone_do_not_prevent_a_retirement(test_app: TestApp) -> None:
    """Deprecated features have reports of their own; what counts for the version is an operation."""
    ada = await test_app.person("ada@example.com")
    buffer = UsageBuffer(lambda: None)
    buffer.record("v901", "posts.list", "sort", str(ada.user.uid), AFTER_SUNSET)
    await buffer.flush(test_app.runtime.database)
    assert (await report(test_app)).reasons == []
    assert [list(one.features) for one in (await report(test_app)).consumers] == [["posts.list sort"]]
