"""Who sees, edits and deletes a post, by hand for every caller and state."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from app.access.principal import Principal, Role, anonymous
from app.errors import DomainError, InsufficientPermissions, Unauthenticated
from app.posts.commands import CreatePost, DeletePost, PostDraft, PostOperation, UpdatePost
from app.posts.commands import PostEdit as Edit
from app.posts.errors import NotTheAuthor, PostNotFound
from app.posts.policy import (
    PostPermission,
    ensure_may_delete,
    ensure_may_edit,
    ensure_visible,
    may_read,
    viewer_of,
)
from app.posts.views import PostStatus
from tests.support.app import TestApp
from tests.support.posts import create, stored, write
from tests.support.users import principal_of

AUTHOR = 7
SEEN, HIDDEN, FOREIGN, UNKNOWN = None, PostNotFound, NotTheAuthor, Unauthenticated


def caller(number: int, *more: PostPermission) -> Principal:
    own = frozenset({PostPermission.READ, PostPermission.WRITE, *more})
    return Principal(number, uuid4(), (Role.AUTHOR,), own)


CALLERS = {
    "anonymous": anonymous(),
    "author": caller(AUTHOR),
    "another": caller(8),
    "moderator": caller(8, PostPermission.MODERATE),
    "admin": caller(8, PostPermission.MODERATE, PostPermission.READ_ALL),
    "reader of all": caller(8, PostPermission.READ_ALL),
}
PUBLISHED: dict[str, tuple[Any, Any, Any]] = {
    "anonymous": (SEEN, UNKNOWN, UNKNOWN),
    "author": (SEEN, SEEN, SEEN),
    "another": (SEEN, FOREIGN, FOREIGN),
    "moderator": (SEEN, FOREIGN, SEEN),
    "admin": (SEEN, FOREIGN, SEEN),
    "reader of all": (SEEN, FOREIGN, FOREIGN),
}
"""By caller, whether the post is seen, edited and deleted."""
OTHERS: dict[str, tuple[Any, Any, Any]] = {
    "anonymous": (HIDDEN, HIDDEN, HIDDEN),
    "author": (SEEN, SEEN, SEEN),
    "another": (HIDDEN, HIDDEN, HIDDEN),
    "moderator": (HIDDEN, HIDDEN, HIDDEN),
    "admin": (SEEN, FOREIGN, SEEN),
    "reader of all": (SEEN, FOREIGN, FOREIGN),
}
VIEWERS = {
    "anonymous": ("anyone", None),
    "author": ("author", AUTHOR),
    "another": ("author", 8),
    "moderator": ("author", 8),
    "admin": ("admin", None),
    "reader of all": ("admin", None),
}


@pytest.mark.parametrize("status", PostStatus)
@pytest.mark.parametrize("name", CALLERS)
def test_who_may_do_what(name: str, status: PostStatus) -> None:
    post = SimpleNamespace(author_id=AUTHOR, status=status.value)
    expected = (PUBLISHED if status is PostStatus.PUBLISHED else OTHERS)[name]
    for check, error in zip((ensure_visible, ensure_may_edit, ensure_may_delete), expected, strict=True):
        if error is None:
            check(CALLERS[name], post)
        else:
            with pytest.raises(error):
                check(CALLERS[name], post)
    assert viewer_of(CALLERS[name]) == VIEWERS[name]
    assert may_read(CALLERS[name], post) is (expected[0] is None)
    permissions = CALLERS[name].permissions - {PostPermission.READ}
    assert not may_read(replace(CALLERS[name], permissions=permissions), post)


def test_a_caller_without_a_user_is_no_author() -> None:
    nobody = Principal(None, None, (), frozenset())
    post: Any = SimpleNamespace(author_id=None, status="draft")
    with pytest.raises(PostNotFound):
        ensure_visible(nobody, post)


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_batch_needs_the_permission_to_write_as_a_whole(
    test_app: TestApp, callers: dict[str, Principal], *, atomic: bool
) -> None:
    person = await test_app.person("key@example.com", scopes=["posts:read"])
    reads = await principal_of(test_app, person)
    post = await create(test_app, callers["ada"], "T", PostStatus.PUBLISHED)
    operations: list[PostOperation] = [
        CreatePost(PostDraft(title="T", content="", status=PostStatus.DRAFT)),
        UpdatePost(post.uid, Edit(title="N")),
        DeletePost(post.uid),
    ]
    for principal, error in ((reads, InsufficientPermissions), (anonymous(), Unauthenticated)):
        with pytest.raises(error):
            await write(test_app, principal, lambda posts: posts.batch(operations, atomic=atomic))


async def test_a_batch_rejects_a_deletion_of_another_revision(test_app: TestApp, callers: dict[str, Principal]) -> None:
    post = await create(test_app, callers["ada"], "T")
    stale = frozenset({f"9-{post.uid.hex}"})
    (found,) = await write(
        test_app, callers["ada"], lambda posts: posts.batch([DeletePost(post.uid, stale)], atomic=False)
    )
    assert isinstance(found, DomainError)
    assert found.code == "precondition_failed"
    assert await stored(test_app, post.uid) is not None
