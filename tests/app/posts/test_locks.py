"""Which rows a batch and a new post lock, so that concurrent changes wait for each other in one order."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.access.principal import Principal, Role
from app.events.recorder import EventRecorder
from app.kit.db.sessions import WriteSession
from app.models import Post
from app.posts.commands import DeletePost, PostEdit, PostOperation, UpdatePost
from app.posts.repository import PostRepository, lock_posts_of
from app.posts.service import PostService
from app.posts.views import PostStatus, PostView
from tests.support.app import TestApp
from tests.support.posts import create
from tests.support.transactions import dsn_of, ensure_locked_first
from tests.support.users import principal_of

BATCHES: dict[str, Callable[[UUID], PostOperation]] = {
    "edits": lambda ref: UpdatePost(ref, PostEdit(content="changed")),
    "deletions": DeletePost,
}
SHARED, EXCLUSIVE = "FOR KEY SHARE", "FOR NO KEY UPDATE"
"""A lock that others may have, too, as a new post has one of its author; and the weakest that excludes an edit."""


class Scene:
    """Two authors with a post each, and a connection that looks at locks."""

    def __init__(self, test_app: TestApp, callers: dict[str, Principal], posts: dict[str, PostView]) -> None:
        self.test_app, self.callers, self.posts = test_app, callers, posts

    async def locked(self, table: str, number: int, strength: str) -> bool:
        """Whether another transaction would wait for a lock of this strength."""
        connection = await asyncpg.connect(dsn_of(self.test_app))
        try:
            await connection.execute(f"SELECT 1 FROM {table} WHERE id = {number} {strength} NOWAIT")  # noqa: S608 - numbers
        except asyncpg.LockNotAvailableError:
            return True
        finally:
            await connection.close()
        return False

    def user(self, name: str) -> int:
        number = self.callers[name].user_id
        assert number is not None
        return number


@pytest.fixture
async def scene(concurrent_app: TestApp) -> Scene:
    names = ("ada", "eve", "bob")
    people = [await concurrent_app.person(f"{name}@example.com", Role.AUTHOR) for name in names]
    found = [await principal_of(concurrent_app, person) for person in people]
    callers = dict(zip(names, found, strict=True))
    posts = {name: await create(concurrent_app, callers[name], name, PostStatus.PUBLISHED) for name in ("ada", "eve")}
    return Scene(concurrent_app, callers, posts)


@pytest.mark.parametrize("kind", ["id", "uid"])
async def test_a_batch_locks_its_posts_and_their_authors_and_the_caller(scene: Scene, kind: str) -> None:
    refs: list[int | UUID] = [getattr(scene.posts["eve"], kind)]
    async with scene.test_app.runtime.database.write() as session:
        repository = PostRepository(session)
        await repository.lock_in_order(refs, scene.user("bob"))
        locked = {name: await scene.locked("users", scene.user(name), "FOR UPDATE") for name in scene.callers}
        assert locked == {"ada": False, "eve": True, "bob": True}, "they cannot be deleted"
        for name in scene.callers:
            assert not await scene.locked("users", scene.user(name), EXCLUSIVE), "they can be edited"
        found = {name: await scene.locked("posts", post.id, "FOR SHARE") for name, post in scene.posts.items()}
        assert found == {"ada": False, "eve": True}


async def test_a_change_locks_its_post_and_a_new_post_its_author(scene: Scene) -> None:
    async with scene.test_app.runtime.database.write() as session:
        repository = PostRepository(session)
        await repository.lock(scene.posts["ada"].id)
        assert await scene.locked("posts", scene.posts["ada"].id, "FOR SHARE")
        assert not await scene.locked("posts", scene.posts["eve"].id, EXCLUSIVE)
        assert not await scene.locked("users", scene.user("ada"), "FOR UPDATE")
        await repository.lock_author(scene.user("eve"))
        assert await scene.locked("users", scene.user("eve"), "FOR UPDATE")
        assert not await scene.locked("users", scene.user("eve"), SHARED)


async def test_a_locked_post_is_read_as_it_is_now(scene: Scene) -> None:
    """Although the transaction has read it before another one changed it."""

    async def title(session: WriteSession) -> Any:
        found = await PostRepository(session).lock(scene.posts["ada"].id)
        assert found is not None
        return found.title

    connection = await asyncpg.connect(dsn_of(scene.test_app))
    async with scene.test_app.runtime.database.write() as session:
        # The session refers to an entity weakly, so the variable keeps it there.
        known = await session.get(Post, scene.posts["ada"].id)
        assert known is not None
        await connection.execute("UPDATE posts SET title = 'changed' WHERE id = $1", scene.posts["ada"].id)
        assert await title(session) == "changed"
    await connection.close()


@pytest.mark.parametrize("kind", BATCHES)
async def test_a_batch_locks_its_posts_in_the_order_of_their_ids(scene: Scene, kind: str) -> None:
    """Whatever the order of its operations: two batches in different orders would wait for each other."""
    first, second = [await create(scene.test_app, scene.callers["bob"], title) for title in ("first", "second")]
    operations: list[PostOperation] = [BATCHES[kind](post.uid) for post in (second, first)]

    async def work(session: WriteSession) -> None:
        bob = scene.callers["bob"]
        await PostService(session, bob, EventRecorder(session, bob.user_uid)).batch(operations, atomic=True)

    await ensure_locked_first(scene.test_app, "posts", f"id = {first.id}", f"id = {second.id}", work)


async def test_a_batch_locks_authors_in_the_order_of_their_ids(scene: Scene) -> None:
    async def work(session: WriteSession) -> None:
        refs = [scene.posts["eve"].id, scene.posts["ada"].id]
        await PostRepository(session).lock_in_order(refs, scene.user("bob"))

    first, second = (f"id = {scene.user(name)}" for name in ("ada", "eve"))
    await ensure_locked_first(scene.test_app, "users", first, second, work)


async def test_the_posts_of_a_user_are_locked_in_the_order_of_their_ids(scene: Scene) -> None:
    """Not in the order of their rows in the table, where the newest version of a changed row is the last."""
    user_id = scene.user("bob")
    first, second = [await create(scene.test_app, scene.callers["bob"], title) for title in ("first", "second")]
    connection = await asyncpg.connect(dsn_of(scene.test_app))
    await connection.execute("UPDATE posts SET title = 'changed' WHERE id = $1", first.id)
    await connection.close()

    async def work(session: WriteSession) -> None:
        await lock_posts_of(session, user_id)

    await ensure_locked_first(scene.test_app, "posts", f"id = {first.id}", f"id = {second.id}", work)
