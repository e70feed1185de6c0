"""What a change of an API key stores, and which events it records."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.access.commands import KeyDraft, KeyEdit, OwnKeyDraft
from app.access.errors import ApiKeyAlreadyRotated, ExpiryInThePast, ScopeNotGranted, TooManyApiKeys, UnknownScope
from app.access.key_use import KeyUse
from app.access.keys import Mode
from app.access.own_keys import OwnKeyService
from app.access.principal import Principal
from app.access.proof import OperatorProof
from app.access.reader import ApiKeyReader
from app.access.service import ApiKeyService
from app.access.views import ApiKeyView
from app.errors import InvalidValue, Unauthenticated
from app.events.recorder import EventRecorder
from app.http.plans import PlansComponent
from app.kit.clock import utc_now
from app.models import ApiKey, User
from tests.support.app import Person, TestApp
from tests.support.limits import FREE
from tests.support.users import events

DAY = timedelta(days=1)


@pytest.fixture
async def ada(test_app: TestApp) -> Person:
    return await test_app.person("ada@example.com")


@asynccontextmanager
async def acting(test_app: TestApp, person: Person) -> AsyncIterator[OwnKeyService]:
    """The service in one transaction of a user, whose identity is proven."""
    principal = Principal(person.user.id, person.user.uid, (), frozenset({"posts:read", "credentials:write"}))
    async with test_app.runtime.database.write() as session:
        caps = test_app.runtime.get(PlansComponent).catalogue.caps(principal.plan)
        yield OwnKeyService(session, principal, caps, EventRecorder(session, person.user.uid), OperatorProof())


async def key_of(test_app: TestApp, person: Person) -> UUID:
    async with test_app.runtime.database.write() as session:
        found: UUID = (await session.scalars(select(ApiKey.uid).where(ApiKey.user_id == person.user.id))).one()
        return found


@pytest.mark.parametrize("ago", [timedelta(), timedelta(seconds=1), DAY])
async def test_an_expiry_is_in_the_future(test_app: TestApp, ada: Person, ago: timedelta) -> None:
    async with acting(test_app, ada) as service:
        with pytest.raises(ExpiryInThePast):
            await service.create(OwnKeyDraft("k", ["posts:read"], "live", utc_now() - ago))


@pytest.mark.parametrize(("scope", "error"), [("users:write", ScopeNotGranted), ("posts:fly", UnknownScope)])
async def test_a_rejected_scope_is_named_by_its_place(
    test_app: TestApp, ada: Person, scope: str, error: type[InvalidValue]
) -> None:
    async with acting(test_app, ada) as service:
        with pytest.raises(error) as rejected:
            await service.create(OwnKeyDraft("k", ["posts:read", scope], "live", None))
    assert [(field.path, field.code) for field in rejected.value.fields] == [(("scopes", 1), error.code)]


async def test_a_user_who_was_deleted_meanwhile_creates_no_key(test_app: TestApp, ada: Person) -> None:
    async with test_app.runtime.database.write() as session:
        user = await session.get(User, ada.user.id)
        await session.delete(user)
    async with acting(test_app, ada) as service:
        with pytest.raises(Unauthenticated):
            await service.create(OwnKeyDraft("k", ["posts:read"], "live", None))


async def test_the_keys_of_others_do_not_count(test_app: TestApp, ada: Person) -> None:
    await test_app.person("eve@example.com")
    principal = Principal(ada.user.id, ada.user.uid, (), frozenset({"posts:read", "credentials:write"}))
    draft, caps = OwnKeyDraft("k", ["posts:read"], "live", None), replace(FREE.caps, keys=2)
    async with test_app.runtime.database.write() as session:
        service = OwnKeyService(session, principal, caps, EventRecorder(session, ada.user.uid), OperatorProof())
        await service.create(draft)
        with pytest.raises(TooManyApiKeys):
            await service.create(draft)


async def test_an_edit_records_the_fields_that_change(test_app: TestApp, ada: Person) -> None:
    uid, until = await key_of(test_app, ada), utc_now() + DAY
    for edit in (
        KeyEdit(),
        KeyEdit(name="test"),
        KeyEdit(early_brownout_until=None),
        KeyEdit(name="new", early_brownout_until=until),
        KeyEdit(name="new", early_brownout_until=until),
        KeyEdit(early_brownout_until=None),
    ):
        async with acting(test_app, ada) as service:
            await service.edit(uid, edit)
    assert [(kind, subject, payload["changed"]) for kind, subject, payload in await events(test_app)] == [
        ("api_key.updated", uid, ["name", "early_brownout_until"]),
        ("api_key.updated", uid, ["early_brownout_until"]),
    ]


@pytest.mark.parametrize(("mode", "plan"), [("live", "pro"), ("test", "test")])
async def test_the_successors_of_a_key_are_like_it(test_app: TestApp, ada: Person, mode: Mode, plan: str) -> None:
    async with test_app.runtime.database.write() as session:
        draft = KeyDraft(ada.user.id, "ci", ["posts:read"], mode, plan)
        first, _ = await ApiKeyService(session).create(draft)
    rotated = [first.uid]
    for _ in range(2):
        async with acting(test_app, ada) as service:
            successor, text = await service.rotate(rotated[-1], DAY)
        assert (successor.name, successor.mode, successor.plan) == ("ci", mode, plan)
        assert text.startswith(f"sk_{mode}_")
        rotated.append(successor.uid)
    for uid in rotated[:-1]:
        async with acting(test_app, ada) as service:
            with pytest.raises(ApiKeyAlreadyRotated):
                await service.rotate(uid, DAY)
    found = [(subject, payload["successor"]) for kind, subject, payload in await events(test_app) if "rotated" in kind]
    assert found == [(old, str(new)) for old, new in pairwise(rotated)]


async def test_a_use_is_written_once(test_app: TestApp, ada: Person) -> None:
    uses, uid = KeyUse(), await key_of(test_app, ada)
    uses.record(uid, utc_now())
    await uses.flush(test_app.runtime.database)
    async with test_app.runtime.database.write() as session:
        await session.execute(update(ApiKey).values(last_used_at=None))
    await uses.flush(test_app.runtime.database)
    async with test_app.runtime.database.write() as session:
        assert await session.scalar(select(ApiKey.last_used_at).where(ApiKey.uid == uid)) is None


async def test_a_stored_key_and_a_read_one_are_shown_alike(test_app: TestApp, ada: Person) -> None:
    uid, now = await key_of(test_app, ada), utc_now()
    names = ("created_at", "last_used_at", "rotated_at", "expires_at", "early_brownout_until")
    times = {name: now + number * DAY for number, name in enumerate(names)}
    async with test_app.runtime.database.write() as session:
        await session.execute(update(ApiKey).where(ApiKey.uid == uid).values(**times, plan="pro"))
    async with test_app.runtime.database.write() as session:
        key = (await session.scalars(select(ApiKey).where(ApiKey.uid == uid))).one()
        shown = ApiKeyView.from_entity(key, ada.user.uid, now)
    principal = Principal(ada.user.id, ada.user.uid, (), frozenset({"credentials:write"}))
    assert await ApiKeyReader(test_app.runtime.database.reads, principal).get(uid) == shown
    assert {name: getattr(shown, name) for name in names} == times
    assert (shown.uid, shown.owner_uid, shown.plan, shown.status) == (uid, ada.user.uid, "pro", "rotated")
    assert (shown.name, shown.hint, shown.scopes) == (key.name, key.hint, key.scopes)
    key.revoked_at = now
    revoked = ApiKeyView.from_entity(key, ada.user.uid, now)
    assert (revoked.revoked_at, revoked.status) == (now, "revoked")
