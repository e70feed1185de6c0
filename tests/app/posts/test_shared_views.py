"""Views that are counted at once share a statement, and each of them gets a count of its own."""

import asyncio

import pytest

from app.access.principal import Principal
from app.posts.errors import PostNotFound
from app.posts.view_counter import SharedPostViewCounter
from app.posts.views import PostStatus, PostView
from tests.support.app import TestApp
from tests.support.posts import create, stored
from tests.support.transactions import database_of, owner_of
from tests.support.users import principal_of

VIEWS = 30


@pytest.fixture
async def ada(concurrent_app: TestApp) -> Principal:
    return await principal_of(concurrent_app, await concurrent_app.person("ada@example.com"))


def counter(test_app: TestApp, caller: Principal) -> SharedPostViewCounter:
    return SharedPostViewCounter(test_app.runtime.database.single_writes, caller)


async def test_each_of_many_views_has_a_count_of_its_own(concurrent_app: TestApp, ada: Principal) -> None:
    posts = [await create(concurrent_app, ada, f"post {number}", PostStatus.PUBLISHED) for number in range(3)]
    draft = await create(concurrent_app, ada, "draft")
    views = counter(concurrent_app, ada)
    refs = [post.id for post in (*posts, draft)] * VIEWS
    seen = await asyncio.gather(*(views.count(ref) for ref in refs))
    for post in (*posts, draft):
        counts = [view.view_count for view in seen if view.id == post.id]
        assert sorted(counts) == list(range(1, VIEWS + 1))
        assert (await stored(concurrent_app, post.uid)).view_count == VIEWS


async def test_views_of_a_batch_fail_alone(concurrent_app: TestApp, ada: Principal) -> None:
    post = await create(concurrent_app, ada, "public", PostStatus.PUBLISHED)
    views = counter(concurrent_app, ada)
    seen = await asyncio.gather(*(views.count(ref) for ref in (post.id, 2**40, post.id)), return_exceptions=True)
    assert [view.view_count for view in seen if isinstance(view, PostView)] == [1, 2]
    assert isinstance(seen[1], PostNotFound)


async def test_a_locked_post_delays_the_views_of_no_other(concurrent_app: TestApp, ada: Principal) -> None:
    locked, free = [await create(concurrent_app, ada, name, PostStatus.PUBLISHED) for name in ("locked", "free")]
    views = counter(concurrent_app, ada)
    async with owner_of(database_of(concurrent_app)) as owner:
        async with owner.transaction():
            await owner.execute("SELECT 1 FROM posts WHERE id = $1 FOR UPDATE", locked.id)
            waiting = [asyncio.ensure_future(views.count(locked.id)) for _ in range(2)]
            seen = await asyncio.gather(*(views.count(free.id) for _ in range(5)))
            assert [view.view_count for view in seen] == [1, 2, 3, 4, 5]
            assert not any(task.done() for task in waiting)
        assert sorted(view.view_count for view in await asyncio.gather(*waiting)) == [1, 2]
