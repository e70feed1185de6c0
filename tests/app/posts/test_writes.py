"""Use cases that change posts, on a real database: what each change stores, records and rejects."""

from typing import Any

import pytest
from sqlalchemy import text

from app.access.principal import Principal
from app.errors import Conflict, RevisionConflict, Unauthenticated
from app.events.recorder import EventRecorder
from app.kit.revisions import revision_mark
from app.posts.commands import (
    CreatePost,
    DeletePost,
    PostDraft,
    PostEdit,
    PublicationEdit,
    UpdatePost,
)
from app.posts.errors import NotTheAuthor, PostNotFound
from app.posts.views import PostStatus, PostView
from tests.support.app import TestApp
from tests.support.posts import create, events, stored, write

S = PostStatus


async def test_a_new_post_is_published_at_once_or_not(test_app: TestApp, callers: dict[str, Principal]) -> None:
    for status in S:
        made = await create(test_app, callers["ada"], "T", status)
        row = await stored(test_app, made.uid)
        assert (row.title, row.content, row.status, row.author_id) == ("T", "about T", status, callers["ada"].user_id)
        assert row.created_at == row.updated_at
        assert row.published_at == (row.created_at if status is S.PUBLISHED else None)
        assert made == PostView.from_row({**row._mapping, "author_uid": callers["ada"].user_uid, "author_name": "Ada"})
        published = [("post.published", made.uid, {"revision": 1})] if status is S.PUBLISHED else []
        created = ("post.created", made.uid, {"status": status.value, "revision": 1})
        assert await events(test_app) == [created, *published]


EDITS: list[tuple[PostStatus, PostEdit, dict[str, str]]] = [
    (S.DRAFT, PostEdit(title="N"), {"title": "N"}),
    (S.DRAFT, PostEdit(content="n"), {"content": "n"}),
    (S.DRAFT, PostEdit(title="T", content="about T", status=S.DRAFT), {}),
    (S.DRAFT, PostEdit(), {}),
    (
        S.DRAFT,
        PostEdit(title="N", content="n", status=S.PUBLISHED),
        {"title": "N", "content": "n", "status": "published"},
    ),
    (S.PUBLISHED, PostEdit(status=S.ARCHIVED), {"status": "archived"}),
    (S.PUBLISHED, PostEdit(title="N"), {"title": "N"}),
    (S.ARCHIVED, PostEdit(status=S.DRAFT), {"status": "draft"}),
    (S.DRAFT, PostEdit(publication=PublicationEdit.PUBLISH), {"status": "published"}),
    (S.ARCHIVED, PostEdit(publication=PublicationEdit.PUBLISH), {"status": "published"}),
    (S.PUBLISHED, PostEdit(publication=PublicationEdit.PUBLISH), {}),
    (S.PUBLISHED, PostEdit(publication=PublicationEdit.WITHDRAW), {"status": "draft"}),
    (S.ARCHIVED, PostEdit(publication=PublicationEdit.WITHDRAW), {}),
    (S.DRAFT, PostEdit(publication=PublicationEdit.WITHDRAW), {}),
]


@pytest.mark.parametrize(("status", "edit", "changed"), EDITS)
async def test_an_edit_changes_what_it_names(
    test_app: TestApp, callers: dict[str, Principal], status: PostStatus, edit: PostEdit, changed: dict[str, str]
) -> None:
    made = await create(test_app, callers["ada"], "T", status)
    await events(test_app)
    after = await write(test_app, callers["ada"], lambda posts: posts.edit(made.id, edit))
    row = await stored(test_app, made.uid)
    assert after == PostView.from_row({**row._mapping, "author_uid": callers["ada"].user_uid, "author_name": "Ada"})
    assert (row.title, row.content, row.status) == (
        changed.get("title", "T"),
        changed.get("content", "about T"),
        changed.get("status", status.value),
    )
    assert (row.revision, row.updated_at > made.updated_at) == (1 + bool(changed), bool(changed))
    if status is S.PUBLISHED:
        assert row.published_at == made.published_at, "a post keeps the date of its first publication"
    else:
        assert row.published_at == (row.updated_at if changed.get("status") == "published" else None)
    expected = [("post.updated", made.uid, {"changed": list(changed), "revision": 2})] * bool(changed)
    if changed.get("status") == "published":
        expected.append(("post.published", made.uid, {"revision": 2}))
    elif "status" in changed and status is S.PUBLISHED:
        expected.append(("post.unpublished", made.uid, {"revision": 2}))
    assert await events(test_app) == expected


async def test_only_authors_edit_and_moderators_delete_what_they_see(
    test_app: TestApp, callers: dict[str, Principal]
) -> None:
    draft = await create(test_app, callers["ada"], "draft")
    public = await create(test_app, callers["ada"], "public", S.PUBLISHED)
    stale = frozenset({revision_mark(draft.uid, 9)})
    others = {"eve": (NotTheAuthor, NotTheAuthor), "mod": (NotTheAuthor, None), "root": (NotTheAuthor, None)}
    for name, (edits, deletes) in others.items():
        post = public
        with pytest.raises(edits):
            await write(test_app, callers[name], lambda posts: posts.edit(public.uid, PostEdit(title="N")))
        if deletes is not None:
            with pytest.raises(deletes):
                await write(test_app, callers[name], lambda posts: posts.delete(public.uid))
        else:
            post = await create(test_app, callers["ada"], "other", S.PUBLISHED)
            await write(test_app, callers[name], lambda posts, post=post: posts.delete(post.uid))
            assert await stored(test_app, post.uid) is None
        if name != "root":
            for act in (
                lambda posts: posts.edit(draft.id, PostEdit(title="N"), stale),
                lambda posts: posts.delete(draft.id, stale),
            ):
                with pytest.raises(PostNotFound):
                    await write(test_app, callers[name], act)
    await events(test_app)
    for mark in (revision_mark(draft.uid, 2), revision_mark(public.uid, 1)):
        for act in (
            lambda posts, mark=mark: posts.edit(draft.id, PostEdit(title="N"), frozenset({mark})),
            lambda posts, mark=mark: posts.delete(draft.id, frozenset({mark})),
        ):
            with pytest.raises(RevisionConflict):
                await write(test_app, callers["ada"], act)
    assert await events(test_app) == []
    mark = frozenset({revision_mark(draft.uid, 1)})
    await write(test_app, callers["ada"], lambda posts: posts.delete(draft.id, mark))
    assert await stored(test_app, draft.uid) is None
    assert await stored(test_app, public.uid) is not None
    assert await events(test_app) == [("post.deleted", draft.uid, {"revision": 1})]


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_batch_does_all_or_what_it_can(
    test_app: TestApp, callers: dict[str, Principal], *, atomic: bool
) -> None:
    first, second = await create(test_app, callers["ada"], "first"), await create(test_app, callers["ada"], "second")
    of_eve = await create(test_app, callers["eve"], "of eve", S.PUBLISHED)
    operations = [
        CreatePost(PostDraft(title="third", content="", status=S.DRAFT)),
        UpdatePost(first.uid, PostEdit(title="changed")),
        UpdatePost(of_eve.id, PostEdit(title="stolen")),
        UpdatePost(second.id, PostEdit(title="stale"), frozenset({revision_mark(second.uid, 9)})),
        DeletePost(second.id, frozenset({revision_mark(second.uid, 1)})),
    ]
    if atomic:
        with pytest.raises(NotTheAuthor):
            await write(test_app, callers["ada"], lambda posts: posts.batch(operations, atomic=True))
        operations = [operations[0], operations[1], operations[4]]
    results = await write(test_app, callers["ada"], lambda posts: posts.batch(operations, atomic=atomic))
    shown = [result.title if isinstance(result, PostView) else type(result) for result in results]
    rejected = [] if atomic else [NotTheAuthor, RevisionConflict]
    assert shown == ["third", "changed", *rejected, type(None)]
    assert (await stored(test_app, first.uid)).title == "changed"
    assert (await stored(test_app, of_eve.uid)).title == "of eve"
    assert await stored(test_app, second.uid) is None


@pytest.mark.parametrize("atomic", [True, False])
async def test_an_operation_of_a_batch_sees_what_the_ones_before_it_changed(
    test_app: TestApp, callers: dict[str, Principal], *, atomic: bool
) -> None:
    post = await create(test_app, callers["ada"], "T")
    operations = [
        UpdatePost(post.uid, PostEdit(title="changed")),
        UpdatePost(post.id, PostEdit(content="text"), frozenset({revision_mark(post.uid, 2)})),
        DeletePost(post.uid, frozenset({revision_mark(post.uid, 3)})),
    ]
    first, second, _ = await write(test_app, callers["ada"], lambda posts: posts.batch(operations, atomic=atomic))
    assert [(each.title, each.content, each.revision) for each in (first, second)] == [
        ("changed", "about T", 2),
        ("changed", "text", 3),
    ]
    assert await stored(test_app, post.uid) is None


async def test_an_author_who_was_deleted_meanwhile_is_not_signed_in(
    test_app: TestApp, callers: dict[str, Principal]
) -> None:
    async with test_app.runtime.database.write() as session:
        await session.execute(text("DELETE FROM users WHERE email = 'ada@example.com'"))
    with pytest.raises(Unauthenticated):
        await create(test_app, callers["ada"], "T")


async def test_an_operation_that_fails_after_its_write_changes_nothing(
    test_app: TestApp, callers: dict[str, Principal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others of the batch are executed."""
    one, other = [await create(test_app, callers["ada"], title) for title in ("one", "other")]
    record = EventRecorder.record

    def reject(recorder: EventRecorder, event: Any, *actor: Any) -> None:
        if event.subject.uid == one.uid:
            raise Conflict
        record(recorder, event, *actor)

    monkeypatch.setattr(EventRecorder, "record", reject)
    operations = [UpdatePost(post.uid, PostEdit(title="changed")) for post in (one, other)]
    failed, _ = await write(test_app, callers["ada"], lambda posts: posts.batch(operations, atomic=False))
    assert isinstance(failed, Conflict)
    assert [(await stored(test_app, post.uid)).title for post in (one, other)] == ["one", "changed"]
