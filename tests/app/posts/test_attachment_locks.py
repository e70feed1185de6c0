"""Users are locked before files, and files before posts: concurrent changes of attachments end as if in turn."""

from collections.abc import Callable
from typing import Any

import pytest

from app.errors import Unauthenticated
from app.kit.db.sessions import WriteSession
from app.posts.commands import CreatePost, PostDraft, PostEdit, UpdatePost
from app.posts.errors import UnknownFile
from app.posts.reader import PostReader
from app.posts.views import PostStatus, PostView
from tests.support.app import TestApp
from tests.support.attachments import Desk, names
from tests.support.transactions import Work, ensure_locked_first, overlap, rows
from tests.support.users import acting


@pytest.fixture
async def desk(concurrent_app: TestApp) -> Desk:
    return await Desk.open(concurrent_app)


class Scene:
    """A post with one of two files of Ada, and what can happen to them."""

    def __init__(self, desk: Desk, post: PostView, files: list[Any]) -> None:
        self.desk, self.post, self.files = desk, post, files

    async def attach(self, session: WriteSession) -> Any:
        return await self.desk.posts(session).edit(self.post.uid, PostEdit(attachments=tuple(self.files)))

    async def attach_in_a_batch(self, session: WriteSession) -> Any:
        operation = UpdatePost(self.post.uid, PostEdit(attachments=tuple(self.files)))
        return await self.desk.posts(session).batch([operation], atomic=True)

    async def create(self, session: WriteSession) -> Any:
        draft = PostDraft(title="New", content="", status=PostStatus.DRAFT, attachments=tuple(self.files))
        return await self.desk.posts(session).create(draft)

    async def create_in_a_batch(self, session: WriteSession) -> Any:
        draft = PostDraft(title="New", content="", status=PostStatus.DRAFT, attachments=tuple(self.files))
        return await self.desk.posts(session).batch([CreatePost(draft)], atomic=True)

    async def delete_file(self, session: WriteSession) -> Any:
        await self.desk.files(session).delete(self.files[0])

    async def delete_post(self, session: WriteSession) -> Any:
        await self.desk.posts(session).delete(self.post.uid)

    async def shown(self) -> list[str]:
        reader = PostReader(self.desk.test_app.runtime.database.reads, self.desk.callers["eve"])
        return names(await reader.get(self.post.uid))


@pytest.fixture
async def scene(desk: Desk) -> Scene:
    files = [await desk.file(name) for name in ("first.csv", "second.csv")]
    return Scene(desk, await desk.post(files[0]), files)


ATTACHING: dict[str, Callable[[Scene], Work]] = {
    "edit": lambda scene: scene.attach,
    "edit in a batch": lambda scene: scene.attach_in_a_batch,
    "creation": lambda scene: scene.create,
    "creation in a batch": lambda scene: scene.create_in_a_batch,
}
CHANGES = {**ATTACHING, "deletion of a file": lambda scene: scene.delete_file}


@pytest.mark.parametrize("change", CHANGES)
async def test_the_user_is_locked_before_a_file(scene: Scene, change: str) -> None:
    user, file = f"id = {scene.desk.callers['ada'].user_id}", f"uid = '{scene.files[0]}'"
    work = CHANGES[change](scene)
    await ensure_locked_first(scene.desk.test_app, "users", user, file, work, second_table="files")


@pytest.mark.parametrize("change", ["edit", "edit in a batch", "deletion of a file"])
async def test_a_file_is_locked_before_a_post(scene: Scene, change: str) -> None:
    file, post = f"uid = '{scene.files[0]}'", f"uid = '{scene.post.uid}'"
    work = CHANGES[change](scene)
    await ensure_locked_first(scene.desk.test_app, "files", file, post, work, second_table="posts")


@pytest.mark.parametrize("change", ATTACHING)
async def test_files_are_locked_in_the_order_of_their_ids(scene: Scene, change: str) -> None:
    first, second = (f"uid = '{file}'" for file in scene.files)
    scene.files.reverse()
    await ensure_locked_first(scene.desk.test_app, "files", first, second, ATTACHING[change](scene))


async def test_posts_of_a_file_are_locked_in_the_order_of_their_ids(scene: Scene) -> None:
    other = await scene.desk.post(scene.files[0])
    first, second = (f"id = {post.id}" for post in (scene.post, other))
    await ensure_locked_first(scene.desk.test_app, "posts", first, second, scene.delete_file)


@pytest.mark.parametrize("change", ATTACHING)
async def test_a_file_that_is_deleted_meanwhile_is_not_attached(scene: Scene, change: str) -> None:
    _, attached = await overlap(scene.desk.test_app, scene.delete_file, ATTACHING[change](scene))
    assert isinstance(attached, UnknownFile)
    assert await scene.shown() == []
    await scene.desk.ensure_consistent()


@pytest.mark.parametrize("change", ATTACHING)
async def test_a_file_that_is_attached_meanwhile_is_deleted_with_its_attachment(scene: Scene, change: str) -> None:
    _, deleted = await overlap(scene.desk.test_app, ATTACHING[change](scene), scene.delete_file)
    assert deleted is None
    assert "first.csv" not in await scene.shown()
    assert {row["name"] for row in await rows(scene.desk.test_app, "SELECT name FROM files")} == {"second.csv"}
    await scene.desk.ensure_consistent()


async def test_a_deleted_post_and_a_deleted_file_end_in_either_order(scene: Scene) -> None:
    assert await overlap(scene.desk.test_app, scene.delete_post, scene.delete_file) == [None, None]
    file = await scene.desk.file("third.csv")
    again = Scene(scene.desk, await scene.desk.post(file), [file])
    assert await overlap(scene.desk.test_app, again.delete_file, again.delete_post) == [None, None]
    assert await rows(scene.desk.test_app, "SELECT 1 FROM post_attachments") == []


@pytest.mark.parametrize("change", ["edit", "creation", "deletion of a file"])
async def test_a_deleted_user_has_neither_posts_nor_files(scene: Scene, change: str) -> None:
    desk = scene.desk

    async def delete_user(_session: WriteSession) -> None:
        async with acting(desk.test_app, desk.callers["ada"]) as users:
            await users.delete(desk.callers["ada"].user_uid)

    _, late = await overlap(desk.test_app, CHANGES[change](scene), delete_user)
    assert late is None
    for table in ("posts", "files", "post_attachments"):
        assert await rows(desk.test_app, f"SELECT 1 FROM {table}") == [], table  # noqa: S608 - a constant
    with pytest.raises(Unauthenticated):
        async with desk.test_app.runtime.database.write() as session:
            await CHANGES[change](scene)(session)
