"""Runs use cases of posts as a caller, and reads what they have stored."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from app.access.principal import Principal
from app.events.recorder import EventRecorder
from app.models import Event, Post
from app.posts.commands import (
    PostDraft,
)
from app.posts.service import PostService
from app.posts.views import PostStatus, PostView
from tests.support.app import TestApp


async def write(test_app: TestApp, caller: Principal, act: Callable[[PostService], Awaitable[Any]]) -> Any:
    async with test_app.runtime.database.write() as session:
        return await act(PostService(session, caller, EventRecorder(session, caller.user_uid)))


async def create(
    test_app: TestApp,
    caller: Principal,
    title: str,
    status: PostStatus = PostStatus.DRAFT,
    attachments: tuple[UUID, ...] = (),
) -> PostView:
    draft = PostDraft(title=title, content=f"about {title}", status=status, attachments=attachments)
    made: PostView = await write(test_app, caller, lambda posts: posts.create(draft))
    return made


async def stored(test_app: TestApp, uid: UUID) -> Any:
    async with test_app.runtime.database.write() as session:
        return (await session.execute(select(Post.__table__).where(Post.uid == uid))).one_or_none()


async def events(test_app: TestApp) -> list[tuple[str, UUID, Any]]:
    """The recorded events, which are forgotten."""
    async with test_app.runtime.database.write() as session:
        rows = [
            (row.type, row.subject_uid, row.payload) for row in await session.scalars(select(Event).order_by(Event.id))
        ]
        await session.execute(text("DELETE FROM events"))
    return rows
