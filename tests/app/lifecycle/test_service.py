"""Deciding about versions, on a real database: what is scheduled, recorded, refused and ended."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.access.principal import ANONYMOUS as NOBODY
from app.access.service import ApiKeyNotFound, ApiKeyService, PrincipalResolver
from app.errors import Unauthenticated
from app.kit.clock import utc_now
from app.lifecycle.service import (
    BrownoutRefused,
    LifecycleService,
    NoSuchBrownout,
    NoSuchConsent,
    Standing,
    StillNeeded,
    Terms,
)
from app.lifecycle.usage import UsageBuffer
from app.lifecycle.version import Window
from app.models import User
from tests.support.app import World
from tests.support.registries import DAY, V1, V2

AFTER_SUNSET = datetime(2028, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hours(start: datetime, length: float = 1) -> Window:
    return Window(start, start + length * HOUR)


async def used(
    world: World, consumer: object, when: datetime, *, times: int = 1, operation: str = "posts.list"
) -> None:
    buffer = UsageBuffer(lambda: None)
    for _ in range(times):
        buffer.note("v1", operation, "", None if consumer is None else str(consumer), when)
    await buffer.flush(world.runtime.database)


async def standing(world: World, now: datetime = AFTER_SUNSET, terms: Terms | None = None) -> Standing:
    async with world.runtime.database.write() as session:
        return await LifecycleService(session).standing(V1, terms or Terms(), now)


async def retire(world: World, now: datetime = AFTER_SUNSET, terms: Terms | None = None) -> bool:
    async with world.runtime.database.write() as session:
        return await LifecycleService(session).retire(V1, terms or Terms(), now)


async def consent(world: World, user: User) -> None:
    async with world.runtime.database.write() as session:
        await LifecycleService(session).consent(V1, user.id, "ticket 1")


def key_uid(headers: dict[str, str], rows: list[Any]) -> UUID:
    (found,) = [key.uid for key, _ in rows if headers["X-API-Key"].startswith(key.hint)]
    return UUID(str(found))


async def key_of(world: World, headers: dict[str, str]) -> UUID:
    async with world.runtime.database.write() as session:
        return key_uid(headers, await ApiKeyService(session).list_all())


async def test_brownouts_are_scheduled_and_called_off(world: World) -> None:
    now = utc_now()
    first, second, running = hours(now + DAY), hours(now + 2 * DAY), hours(now - HOUR / 2)
    async with world.runtime.database.write() as session:
        service = LifecycleService(session)
        for window in (first, second, running):
            await service.schedule(V1, window)
        await session.flush()
        assert list((await service.standing(V1, Terms())).windows) == [running, first, second]
        assert await service.cancel(V1, hours(now + DAY, 2)) == 1
        assert list((await service.standing(V1, Terms())).windows) == [running, second]
        assert await service.cancel(V1, hours(now, 1000)) == 2
        (ended,) = (await service.standing(V1, Terms())).windows
        assert ended.starts_at == running.starts_at
        assert ended.ends_at <= utc_now(), "what went on has ended, and is not forgotten"
        with pytest.raises(NoSuchBrownout):
            await service.cancel(V1, hours(now, 1000))


REFUSED: list[tuple[Any, Window, str]] = [
    (V2, hours(utc_now() + DAY), "v2 is current: only a deprecated version"),
    (V1, hours(utc_now() - DAY), "over already"),
    (V1, hours(utc_now() + DAY, 25), "longer than 24 hours"),
    (V1, hours(utc_now() + DAY, -1), "does not end after it starts"),
    (V1, hours(AFTER_SUNSET), "ends after the sunset"),
    (V1, hours(utc_now() + 3 * DAY + HOUR / 2), "overlap"),
]


@pytest.mark.parametrize(("version", "window", "sentence"), REFUSED)
async def test_a_brownout_that_cannot_be_is_refused(world: World, version: Any, window: Window, sentence: str) -> None:
    async with world.runtime.database.write() as session:
        service = LifecycleService(session)
        await service.schedule(V1, hours(window.starts_at - HOUR / 2 if "overlap" in sentence else utc_now() + 9 * DAY))
        await session.flush()
        with pytest.raises(BrownoutRefused, match=sentence):
            await service.schedule(version, window)


async def test_a_version_nobody_needs_ends_after_its_sunset(world: World) -> None:
    with pytest.raises(StillNeeded, match="on 31 December 2027: wait until then"):
        await retire(world, utc_now())
    assert await retire(world) is True
    assert await retire(world) is False, "it has ended already"
    assert (await standing(world)).retired_at == AFTER_SUNSET
    async with world.runtime.database.write() as session:
        with pytest.raises(BrownoutRefused, match="has ended"):
            await LifecycleService(session).schedule(V1, hours(utc_now() + DAY))


async def test_a_version_in_use_does_not_end_whoever_consents(world: World) -> None:
    ada = await world.person("ada@example.com")
    await consent(world, ada.user)
    key = await key_of(world, ada.headers)
    await used(world, key, AFTER_SUNSET - 29 * DAY, times=3)
    with pytest.raises(StillNeeded) as refusal:
        await retire(world)
    (reason,) = refusal.value.reasons
    assert "used within 30 days by ada@example.com (key test, sk_test_" in reason
    assert "strata versions brownout v1" in reason
    assert await retire(world, terms=Terms(quiet_days=28)) is True


async def test_a_version_does_not_end_without_the_consent_of_those_who_used_it(world: World) -> None:
    ada, eve = await world.person("ada@example.com"), await world.person("eve@example.com")
    long_ago = AFTER_SUNSET - 90 * DAY
    await used(world, await key_of(world, ada.headers), long_ago)
    await used(world, eve.user.uid, long_ago, operation="posts.get")
    with pytest.raises(StillNeeded, match=r"Consent is missing from ada@example.com, eve@example.com\. Ask"):
        await retire(world)
    await consent(world, ada.user)
    with pytest.raises(StillNeeded, match=r"missing from eve@example.com\."):
        await retire(world)
    await consent(world, eve.user)
    async with world.runtime.database.write() as session:
        await LifecycleService(session).withdraw(V1, ada.user.id)
        with pytest.raises(NoSuchConsent):
            await LifecycleService(session).withdraw(V1, ada.user.id)
    with pytest.raises(StillNeeded, match=r"missing from ada@example.com\."):
        await retire(world)
    await consent(world, ada.user)
    assert await retire(world) is True


async def test_nobody_can_ask_anonymous_callers(world: World) -> None:
    await used(world, None, AFTER_SUNSET - DAY)
    with pytest.raises(StillNeeded, match="anonymous callers"):
        await retire(world)
    assert await retire(world, terms=Terms(give_up_anonymous=True)) is True


async def test_who_depends_on_a_version(world: World) -> None:
    ada = await world.person("ada@example.com")
    key = await key_of(world, ada.headers)
    await used(world, key, AFTER_SUNSET - 3 * DAY, times=2)
    await used(world, key, AFTER_SUNSET - 2 * DAY, times=5)
    await used(world, key, AFTER_SUNSET - DAY, operation="posts.get")
    await used(world, UUID(int=7), AFTER_SUNSET - 4 * DAY)
    first, gone = (await standing(world)).dependants
    assert (first.account, first.account_id, first.total.requests) == ("ada@example.com", ada.user.id, 8)
    assert {name: use.requests for name, use in first.operations.items()} == {"posts.list": 7, "posts.get": 1}
    assert first.total.last_seen == AFTER_SUNSET - DAY
    assert (gone.account_id, gone.name) == (None, f"{UUID(int=7)} (gone)")
    async with world.runtime.database.write() as session:
        service = LifecycleService(session)
        assert await service.purge(AFTER_SUNSET + timedelta(days=400 - 1)) == 3
    (kept,) = (await standing(world)).dependants
    assert kept.total.requests == 1


async def test_only_a_deprecated_version_may_end(world: World) -> None:
    async with world.runtime.database.write() as session:
        with pytest.raises(StillNeeded, match="v2 is current: deprecate it"):
            await LifecycleService(session).retire(V2, Terms(), AFTER_SUNSET)


async def test_an_owner_browns_out_their_own_keys_only(world: World) -> None:
    ada, eve = await world.person("ada@example.com"), await world.person("eve@example.com")
    resolver = world.runtime.database.reads
    principal, _ = await PrincipalResolver(resolver).by_key(ada.key)
    until = utc_now() + HOUR
    async with world.runtime.database.write() as session:
        service = ApiKeyService(session)
        with pytest.raises(ApiKeyNotFound):
            await service.brown_out_early(principal, await key_of(world, eve.headers), until)
        with pytest.raises(Unauthenticated):
            await service.brown_out_early(NOBODY, await key_of(world, ada.headers), until)
        assert principal.key_uid is not None
        await service.brown_out_early(principal, principal.key_uid, until)
    changed, _ = await PrincipalResolver(resolver).by_key(ada.key)
    assert changed.early_brownout_until == until
