"""Files of posts: what is attached, in which order, whose, and what the deletion of a file changes."""

from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from app.errors import DomainError
from app.events.recorder import EventRecorder
from app.kit.unset import UNSET, Unset
from app.posts.commands import CreatePost, PostDraft, PostEdit, UpdatePost
from app.posts.errors import NotTheAuthor, PostNotFound, UnknownFile
from app.posts.reader import PostReader
from app.posts.service import PostService
from app.posts.views import PostStatus, PostView
from tests.support.app import TestApp
from tests.support.attachments import Desk, names
from tests.support.jobs import execute
from tests.support.posts import events
from tests.support.transactions import rows

S = PostStatus


@pytest.fixture
async def desk(concurrent_app: TestApp) -> Desk:
    return await Desk.open(concurrent_app)


async def test_a_new_post_has_its_files_in_the_given_order(desk: Desk) -> None:
    one, two = await desk.file("one.csv"), await desk.file("two.csv")
    made = await desk.post(two, one)
    assert names(made) == ["two.csv", "one.csv"]
    assert [(file.uid, file.content_type, file.size) for file in made.attachments] == [
        (uid, "text/csv", 6) for uid in (two, one)
    ]
    reader = PostReader(desk.test_app.runtime.database.reads, desk.callers["eve"])
    assert await reader.get(made.uid) == made
    await desk.ensure_consistent()


EDITS: list[tuple[tuple[str, ...] | Unset, str, list[str]]] = [
    (("c", "a"), "ca", ["attachments"]),
    (("c",), "c", ["attachments"]),
    (("a", "b", "c"), "abc", ["attachments"]),
    ((), "", ["attachments"]),
    (("a", "b"), "ab", []),
    (UNSET, "ab", []),
]


@pytest.mark.parametrize("title", ["T", "U"])
@pytest.mark.parametrize(("wanted", "shown", "changed"), EDITS)
async def test_an_edit_replaces_the_files_that_it_names(
    desk: Desk, wanted: tuple[str, ...] | Unset, shown: str, changed: list[str], title: str
) -> None:
    files = {name: await desk.file(name) for name in "abc"}
    made = await desk.post(files["a"], files["b"])
    await events(desk.test_app)
    uids = UNSET if wanted is UNSET else tuple(files[name] for name in wanted)
    after = await desk.edit(made, PostEdit(title=title, attachments=uids))
    assert "".join(names(after)) == shown
    expected = [*(["title"] if title != made.title else []), *changed]
    assert (after.revision, after.updated_at > made.updated_at) == (1 + bool(expected), bool(expected))
    payload = {"changed": expected, "revision": 2}
    assert await events(desk.test_app) == [("post.updated", made.uid, payload)] * bool(expected)
    assert await PostReader(desk.test_app.runtime.database.reads, desk.callers["ada"]).get(made.uid) == after
    await desk.ensure_consistent()


async def unusable(desk: Desk) -> list[UUID]:
    """A file that does not exist, one of another user and one that is not ready."""
    unfinished = await desk.file("unfinished.csv")
    back = "UPDATE files SET state = 'uploading', size = NULL, sha256 = NULL, ready_at = NULL WHERE uid = $1"
    await execute(desk.test_app, back, unfinished)
    return [uuid7(), await desk.file("foreign.csv", "eve"), unfinished]


async def test_only_own_files_that_are_ready_are_attached(desk: Desk) -> None:
    own, kept, *wrong = await desk.file("own.csv"), await desk.file("kept.csv"), *await unusable(desk)
    made = await desk.post(kept)
    seen = set()
    for uid in wrong:
        with pytest.raises(UnknownFile) as caught:
            await desk.edit(made, PostEdit(title="U", attachments=(own, uid)))
        assert [error.path for error in caught.value.fields] == [("attachments", 1)]
        seen.add(str(caught.value))
        with pytest.raises(UnknownFile):
            await desk.post(own, uid)
    assert len(seen) == 1, "the error does not tell whether the file exists"
    with pytest.raises(UnknownFile) as caught:
        await desk.post(*wrong)
    assert [error.path for error in caught.value.fields] == [("attachments", index) for index in range(3)]
    assert await rows(desk.test_app, "SELECT title, revision FROM posts") == [("T", 1)]
    await desk.ensure_consistent()


async def test_who_may_not_edit_a_post_learns_nothing_of_files(desk: Desk) -> None:
    of_eve = await desk.file("eve.csv", "eve")
    for status, error in ((S.PUBLISHED, NotTheAuthor), (S.DRAFT, PostNotFound)):
        made = await desk.post(status=status)
        for uid in (of_eve, uuid7()):
            with pytest.raises(error):
                await desk.edit(made, PostEdit(attachments=(uid,)), "eve")


async def test_an_operation_of_a_batch_fails_for_its_own_files(desk: Desk) -> None:
    own, unknown = await desk.file("own.csv"), uuid7()
    made = await desk.post()
    draft = PostDraft(title="New", content="", status=S.DRAFT, attachments=(own,))
    operations = [
        CreatePost(PostDraft(title="Wrong", content="", status=S.DRAFT, attachments=(unknown,))),
        UpdatePost(made.uid, PostEdit(attachments=(own, unknown))),
        CreatePost(draft),
        UpdatePost(made.uid, PostEdit(attachments=(own,))),
    ]
    async with desk.test_app.runtime.database.write() as session:
        caller = desk.callers["ada"]
        results = await PostService(session, caller, EventRecorder(session)).batch(operations, atomic=False)
    assert [type(result) for result in results] == [UnknownFile, UnknownFile, PostView, PostView]
    assert [names(result) for result in results if isinstance(result, PostView)] == [["own.csv"]] * 2
    assert [error.fields[0].path[1] for error in results if isinstance(error, DomainError)] == [0, 1]
    await desk.ensure_consistent()


@pytest.mark.parametrize("status", list(S))
async def test_a_deleted_file_leaves_its_posts(desk: Desk, status: PostStatus) -> None:
    gone, kept, last = [await desk.file(f"{name}.csv") for name in ("gone", "kept", "last")]
    posts = [
        await desk.post(last, gone, kept, status=status),
        await desk.post(gone, status=status),
        await desk.post(kept),
    ]
    await events(desk.test_app)
    await desk.delete(gone)
    reader = PostReader(desk.test_app.runtime.database.reads, desk.callers["ada"])
    after = [await reader.get(post.uid) for post in posts]
    assert [names(post) for post in after] == [["last.csv", "kept.csv"], [], ["kept.csv"]]
    assert [post.revision for post in after] == [2, 2, 1]
    assert [new.updated_at > old.updated_at for old, new in zip(posts, after, strict=True)] == [True, True, False]
    audience = "public" if status is S.PUBLISHED else "owner"
    found = await rows(desk.test_app, "SELECT type, audience, subject_uid, owner_uid FROM events ORDER BY id")
    ada = desk.callers["ada"].user_uid
    assert [tuple(row) for row in found] == [
        *(("post.updated", audience, post.uid, ada) for post in posts[:2]),
        ("file.deleted", "owner", gone, ada),
    ]
    await desk.ensure_consistent()
    edited = await desk.edit(posts[0], PostEdit(attachments=(await desk.file("new.csv"), kept)))
    assert names(edited) == ["new.csv", "kept.csv"]
    await desk.ensure_consistent()


async def test_a_deleted_post_leaves_its_files(desk: Desk) -> None:
    file = await desk.file("kept.csv")
    made = await desk.post(file)
    async with desk.test_app.runtime.database.write() as session:
        await desk.posts(session).delete(made.uid)
    assert [row["name"] for row in await rows(desk.test_app, "SELECT name FROM files")] == ["kept.csv"]
    assert await rows(desk.test_app, "SELECT 1 FROM post_attachments") == []
    await desk.delete(file)
