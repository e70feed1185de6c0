"""Who may read the events of a post is decided when they are written: those of a draft are never public."""

import pytest
from sqlalchemy import text

from app.access.principal import Principal, Role
from app.events.recorder import EventRecorder
from app.posts.commands import PostDraft, PostEdit
from app.posts.service import PostService
from app.posts.views import PostStatus
from tests.support.app import TestApp
from tests.support.posts import create, write
from tests.support.users import principal_of


async def audiences(test_app: TestApp) -> list[tuple[str, str]]:
    async with test_app.runtime.database.write() as session:
        rows = await session.execute(text("SELECT type, audience, owner_uid, subject_id FROM events ORDER BY id"))
        return [(row.type, row.audience) for row in rows]


@pytest.mark.parametrize("status", [PostStatus.DRAFT, PostStatus.ARCHIVED])
async def test_events_of_a_post_are_public_while_every_caller_can_read_it(
    test_app: TestApp, status: PostStatus
) -> None:
    ada = await test_app.person("ada@example.com", Role.AUTHOR)
    principal = await principal_of(test_app, ada)
    async with test_app.runtime.database.write() as session:
        service = PostService(session, principal, EventRecorder(session))
        post = await service.create(PostDraft(title="T", content="", status=status))
        await service.edit(post.uid, PostEdit(title="U"))
        await service.edit(post.uid, PostEdit(status=PostStatus.PUBLISHED))
        await service.edit(post.uid, PostEdit(title="V"))
        await service.edit(post.uid, PostEdit(status=status))
        await service.edit(post.uid, PostEdit(title="W"))
        await service.delete(post.uid)
        public = await service.create(PostDraft(title="T", content="", status=PostStatus.PUBLISHED))
        await service.delete(public.uid)
    assert await audiences(test_app) == [
        ("post.created", "owner"),
        ("post.updated", "owner"),
        ("post.updated", "public"),
        ("post.published", "public"),
        ("post.updated", "public"),
        ("post.updated", "owner"),
        ("post.unpublished", "public"),
        ("post.updated", "owner"),
        ("post.deleted", "owner"),
        ("post.created", "public"),
        ("post.published", "public"),
        ("post.deleted", "public"),
    ]
    async with test_app.runtime.database.write() as session:
        rows = (await session.execute(text("SELECT DISTINCT owner_uid, subject_id FROM events"))).all()
    assert {(row.owner_uid, row.subject_id) for row in rows} == {(ada.user.uid, post.id), (ada.user.uid, public.id)}


async def test_the_event_of_a_post_that_a_moderator_deletes_belongs_to_its_author(
    test_app: TestApp, callers: dict[str, Principal]
) -> None:
    ada, moderator = callers["ada"], callers["mod"]
    post = await create(test_app, ada, "T", PostStatus.PUBLISHED)
    await write(test_app, moderator, lambda posts: posts.delete(post.uid))
    async with test_app.runtime.database.write() as session:
        deleted = text("SELECT owner_uid, actor_uid, subject_uid FROM events WHERE type = 'post.deleted'")
        (row,) = await session.execute(deleted)
    assert tuple(row) == (ada.user_uid, moderator.user_uid, post.uid)
