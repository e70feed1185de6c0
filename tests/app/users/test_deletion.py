"""What is deleted with a user has an event each, before that of the user."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

from app.access.principal import Role
from app.kit.clock import utc_now
from app.models import Event, Identity, Post, Session, WebhookEndpoint
from tests.support.app import TestApp
from tests.support.users import acting, admin

_THINGS = ("draft", "published", "session", "expired", "identity", "other", "endpoint")


async def test_everything_that_is_deleted_with_a_user_is_an_event(test_app: TestApp) -> None:
    _, root = await admin(test_app)
    ada = await test_app.person("ada@example.com", Role.AUTHOR)
    eve = await test_app.person("eve@example.com", Role.AUTHOR)
    now, uids = utc_now(), {name: uuid7() for name in _THINGS}
    hour = timedelta(hours=1)
    async with test_app.runtime.database.write() as session:
        for name, status, author in (("draft", "draft", ada), ("published", "published", ada), ("other", "draft", eve)):
            session.add(
                Post(
                    uid=uids[name],
                    author_id=author.user.id,
                    title="T",
                    content="",
                    status=status,
                    published_at=now if status == "published" else None,
                    created_at=now,
                    updated_at=now,
                )
            )
        for name, ends in (("session", now + hour), ("expired", now - hour)):
            session.add(Session(uid=uids[name], user_id=ada.user.id, expires_at=ends))
        session.add(
            WebhookEndpoint(
                uid=uids["endpoint"],
                owner_id=ada.user.id,
                owner_uid=ada.user.uid,
                url="https://hooks.example.com/",
                events=[],
                api_version="any",
            )
        )
        session.add(Identity(uid=uids["identity"], user_id=ada.user.id, provider="github", subject="1"))
    async with acting(test_app, root) as service:
        await service.delete(ada.user.uid)
    names: dict[UUID, str] = {uid: name for name, uid in uids.items()} | {
        ada.key_uid: "key",
        ada.user.uid: "ada",
    }
    async with test_app.runtime.database.write() as session:
        rows = (await session.scalars(select(Event).order_by(Event.id))).all()
        found = [(row.type, names[row.subject_uid], row.audience, row.payload.get("reason")) for row in rows]
        assert {row.owner_uid for row in rows} == {ada.user.uid}
        assert {row.actor_uid for row in rows} == {root.user_uid}
        assert list(await session.scalars(select(Post.uid))) == [uids["other"]]
    assert found == [
        ("session.revoked", "session", "owner", "user_deleted"),
        ("api_key.revoked", "key", "owner", None),
        ("identity.unlinked", "identity", "owner", None),
        ("post.deleted", "draft", "owner", None),
        ("post.deleted", "published", "public", None),
        ("webhook_endpoint.deleted", "endpoint", "owner", None),
        ("user.deleted", "ada", "owner", None),
    ]
