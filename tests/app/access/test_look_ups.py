"""Look-ups of callers and consumers, and what is stored about API keys."""

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from app.access.commands import KeyDraft
from app.access.errors import ApiKeyNotFound, InvalidCredentials, UnknownScope
from app.access.job_owner import job_owner
from app.access.key_use import KeyUse
from app.access.permissions import key_scopes
from app.access.principal import Principal, Role
from app.access.queries import AccessQueries, ConsumerQueries
from app.access.reader import PrincipalResolver
from app.access.service import ApiKeyService
from app.access.views import ApiKeyView, ConsumerView
from app.errors import Unavailable
from app.kit.clock import utc_now
from app.kit.db.sessions import ReadSession
from app.models import ApiKey, Session, User
from tests.support.app import Person, TestApp

MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


async def create(test_app: TestApp, person: Person, **values: Any) -> tuple[ApiKey, str]:
    async with test_app.runtime.database.write() as session:
        return await ApiKeyService(session).create(KeyDraft(person.user.id, **{"name": "ci", "scopes": [], **values}))


async def set_values(test_app: TestApp, kind: Any, uid: UUID, /, **values: Any) -> None:
    async with test_app.runtime.database.write() as session:
        await session.execute(update(kind).where(kind.uid == uid).values(**values))


async def stored(test_app: TestApp, uid: UUID) -> Any:
    async with test_app.runtime.database.write() as session:
        return (await session.execute(select(ApiKey.__table__).where(ApiKey.uid == uid))).one()


async def start(test_app: TestApp, person: Person, expires_at: datetime, **values: Any) -> UUID:
    uid = uuid4()
    now = utc_now()
    async with test_app.runtime.database.write() as session:
        times = {"created_at": now, "last_used_at": now, "expires_at": expires_at}
        session.add(Session(uid=uid, user_id=person.user.id, **times, **values))
    return uid


async def test_a_new_key_has_what_the_draft_says(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    before = utc_now()
    scopes = ["posts:write", "posts:read", "posts:write"]
    key, text = await create(
        test_app, ada, name="ci", scopes=scopes, plan="pro", mode="live", expires_at=before + timedelta(days=3)
    )
    found = await stored(test_app, key.uid)
    assert text.startswith("sk_live_")
    assert (found.name, found.plan, found.scopes) == ("ci", "pro", ["posts:read", "posts:write"])
    assert (found.user_id, found.hint, found.revoked_at, found.last_used_at) == (ada.user.id, text[:12], None, None)
    assert before <= found.created_at <= utc_now()
    assert found.expires_at == before + timedelta(days=3)
    endless, text = await create(test_app, ada, expires_at=None)
    assert (await stored(test_app, endless.uid)).expires_at is None
    with pytest.raises(UnknownScope, match=r"Unknown scopes: other, posts:fly\. Known: .*posts:read, posts:read_all"):
        await create(test_app, ada, scopes=["posts:fly", "posts:read", "other"])
    with pytest.raises(UnknownScope, match="credentials:write"):
        await create(test_app, ada, scopes=["credentials:write"])


async def test_a_key_has_the_permissions_of_its_scopes_and_roles(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com", Role.AUTHOR, Role.MODERATOR)
    resolver = PrincipalResolver(test_app.runtime.database.reads)
    scopes = ["posts:read", "posts:moderate", "users:write"]
    key, text = await create(test_app, ada, scopes=scopes, plan="enterprise")
    principal = await resolver.by_key(text)
    assert principal == Principal(
        user_id=ada.user.id,
        user_uid=ada.user.uid,
        roles=(Role.AUTHOR, Role.MODERATOR),
        permissions=frozenset({"posts:read", "posts:moderate"}),
        plan="enterprise",
        key_uid=key.uid,
        key_family=key.uid,
    )
    # A key from before the permission was reserved for sessions.
    await set_values(test_app, ApiKey, key.uid, scopes=["posts:write", "credentials:write"])
    assert (await resolver.by_key(text)).permissions == {"posts:write"}
    assert "credentials:write" not in key_scopes()


async def test_a_session_has_the_permissions_of_all_roles(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com", Role.AUTHOR, Role.MODERATOR)
    uid = await start(test_app, ada, utc_now() + HOUR)
    found = await PrincipalResolver(test_app.runtime.database.reads).by_session(ada.user.uid, uid)
    assert (found.user_id, found.user_uid, found.session_uid, found.key_uid) == (
        ada.user.id,
        ada.user.uid,
        uid,
        None,
    )
    assert (found.roles, found.plan) == ((Role.AUTHOR, Role.MODERATOR), "free")
    assert {"posts:write", "posts:moderate", "credentials:write"} <= found.permissions
    assert "users:write" not in found.permissions


async def test_proof_of_identity_is_as_old_as_the_last_one(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    now = utc_now()
    uid = await start(test_app, ada, now + HOUR)
    resolver = PrincipalResolver(test_app.runtime.database.reads)
    await set_values(test_app, Session, uid, created_at=now - 2 * HOUR)
    assert (await resolver.by_session(ada.user.uid, uid)).authenticated_at == now - 2 * HOUR
    await set_values(test_app, Session, uid, authenticated_at=now - HOUR)
    assert (await resolver.by_session(ada.user.uid, uid)).authenticated_at == now - HOUR


async def test_a_session_is_valid_until_its_end(test_app: TestApp) -> None:
    ada, eve = await test_app.person("ada@example.com"), await test_app.person("eve@example.com")
    end = utc_now() + HOUR
    uid = await start(test_app, ada, end)
    queries = AccessQueries(test_app.runtime.database.reads)
    assert await queries.by_session(ada.user.uid, uid, end - MICROSECOND) is not None
    assert await queries.by_session(ada.user.uid, uid, end) is None
    assert await queries.by_session(eve.user.uid, uid, end - MICROSECOND) is None, "it is another user's"
    resolver = PrincipalResolver(test_app.runtime.database.reads)
    for kind, ref, values in (
        (Session, uid, {"revoked_at": utc_now()}),
        (User, ada.user.uid, {"is_active": False}),
        (Session, uid, {"expires_at": utc_now()}),
    ):
        own = await start(test_app, ada, end)
        await set_values(test_app, kind, own if kind is Session else ref, **values)
        with pytest.raises(InvalidCredentials):
            await resolver.by_session(ada.user.uid, own)
        await set_values(test_app, User, ada.user.uid, is_active=True)
        assert await resolver.by_session(ada.user.uid, uid)


async def test_a_key_is_valid_until_its_end(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    key, text = await create(test_app, ada, expires_at=utc_now() + HOUR)
    queries, resolver = (
        AccessQueries(test_app.runtime.database.reads),
        PrincipalResolver(test_app.runtime.database.reads),
    )
    assert key.expires_at is not None
    assert await queries.by_key(key.digest, key.expires_at - MICROSECOND) is not None
    assert await queries.by_key(key.digest, key.expires_at) is None
    await resolver.by_key(text)
    for kind, uid, values, back in (
        (ApiKey, key.uid, {"expires_at": utc_now()}, {"expires_at": None}),
        (ApiKey, key.uid, {"revoked_at": utc_now() + HOUR}, {"revoked_at": None}),
        (User, ada.user.uid, {"is_active": False}, {"is_active": True}),
    ):
        await set_values(test_app, kind, uid, **values)
        with pytest.raises(InvalidCredentials):
            await resolver.by_key(text)
        await set_values(test_app, kind, uid, **back)
        await resolver.by_key(text)


async def test_uses_of_keys_are_written_together(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    used, newer, unused = [(await create(test_app, ada))[0] for _ in range(3)]
    now = utc_now()
    await set_values(test_app, ApiKey, newer.uid, last_used_at=now + HOUR)
    uses = KeyUse()
    for key in (used, newer):
        uses.record(key.uid, now - HOUR)
        uses.record(key.uid, now)
    uses.record(uuid4(), now)
    await uses.flush(test_app.runtime.database)
    found = [(await stored(test_app, key.uid)).last_used_at for key in (used, newer, unused)]
    assert found == [now, now + HOUR, None], "another process may have written a later use"


async def test_a_job_whose_owner_cannot_be_read_is_tried_again() -> None:
    """It is rejected for good only if the user was deleted or deactivated."""

    class Failing:
        async def one(self, *_: object, **__: object) -> object:
            raise Unavailable

    with pytest.raises(Unavailable):
        await job_owner(cast("ReadSession", Failing()), uuid4())


async def test_a_revocation_is_of_one_key_and_keeps_its_first_date(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    (key, _), (other, _) = await create(test_app, ada), await create(test_app, ada)
    later = utc_now() + HOUR
    async with test_app.runtime.database.write() as session:
        service = ApiKeyService(session)
        await service.revoke(key.uid, later)
        await service.revoke(key.uid)
        with pytest.raises(ApiKeyNotFound):
            await service.revoke(uuid4())
    assert (await stored(test_app, key.uid)).revoked_at == later
    assert (await stored(test_app, other.uid)).revoked_at is None
    async with test_app.runtime.database.write() as session:
        await ApiKeyService(session).revoke(other.uid)
    assert later - HOUR <= (await stored(test_app, other.uid)).revoked_at <= utc_now()


async def test_an_early_brownout_is_of_one_key(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    (key, _), (other, _) = await create(test_app, ada), await create(test_app, ada)
    until = utc_now() + HOUR
    for end in (until, None):
        async with test_app.runtime.database.write() as session:
            await ApiKeyService(session).set_early_brownout(key.uid, end)
        assert (await stored(test_app, key.uid)).early_brownout_until == end
        assert (await stored(test_app, other.uid)).early_brownout_until is None


async def test_keys_are_listed_with_their_owners_newest_first(test_app: TestApp) -> None:
    ada, eve = await test_app.person("ada@example.com"), await test_app.person("eve@example.com")
    newest, _ = await create(test_app, ada, name="newest")
    async with test_app.runtime.database.write() as session:
        found = await ApiKeyService(session).list_all()
    assert [(key.name, email) for key, email in found] == [
        ("newest", "ada@example.com"),
        ("test", "eve@example.com"),
        ("test", "ada@example.com"),
    ]
    assert (found[0][0].uid, found[1][0].owner_uid) == (newest.uid, eve.user.uid)


async def test_consumers_are_keys_and_users_also_those_that_ended(test_app: TestApp) -> None:
    ada, eve = await test_app.person("ada@example.com"), await test_app.person("eve@example.com")
    now = utc_now()
    key, _ = await create(test_app, ada, name="ci", plan="pro", expires_at=now + HOUR)
    await set_values(test_app, ApiKey, key.uid, revoked_at=now, last_used_at=now - HOUR)
    await set_values(test_app, User, eve.user.uid, is_active=False)
    shown = {**(await stored(test_app, key.uid))._mapping, "owner_uid": ada.user.uid}
    unknown = uuid4()
    others = ["anonymous", str(unknown), f"{{{eve.user.uid}}}", str(ada.user.uid).upper(), ada.user.uid.urn]
    queries = ConsumerQueries(test_app.runtime.database.reads)
    assert await queries.find([str(key.uid), str(eve.user.uid), *others]) == {
        str(key.uid): ConsumerView(
            uid=key.uid,
            user_id=ada.user.id,
            display_name="Ada",
            email="ada@example.com",
            is_active=True,
            key=ApiKeyView.from_row(shown, now),
        ),
        str(eve.user.uid): ConsumerView(
            uid=eve.user.uid,
            user_id=eve.user.id,
            display_name="Eve",
            email="eve@example.com",
            is_active=False,
            key=None,
        ),
    }
    assert await queries.find([]) == {}


async def test_the_consumer_of_a_rotated_key_is_shown_as_its_newest_key(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    first, text = await create(test_app, ada, name="old")
    for _ in range(2):
        async with test_app.runtime.database.write() as session:
            newest = await session.scalar(select(ApiKey.uid).order_by(ApiKey.id.desc()).limit(1))
            assert newest is not None
            _, successor, _ = await ApiKeyService(session).rotate(newest, HOUR)
            successor.name = "new"
    consumer = str((await PrincipalResolver(test_app.runtime.database.reads).by_key(text)).key_family)
    assert consumer == str(first.uid)
    found = (await ConsumerQueries(test_app.runtime.database.reads).find([consumer]))[consumer]
    assert found.key is not None
    assert (found.key.name, found.key.hint, found.key.expires_at) == ("new", successor.hint, None)


async def test_a_rotated_key_represents_no_consumer_wherever_its_row_is(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    newest, _ = await create(test_app, ada, name="new")
    old, _ = await create(test_app, ada, name="old")
    family = uuid4()
    await set_values(test_app, ApiKey, newest.uid, family_uid=family)
    # The row that was updated last is the last one of the table.
    await set_values(test_app, ApiKey, old.uid, uid=family, rotated_at=utc_now())
    found = (await ConsumerQueries(test_app.runtime.database.reads).find([str(family)]))[str(family)]
    assert found.key is not None
    assert found.key.name == "new"
