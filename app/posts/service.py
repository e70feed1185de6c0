"""Use cases that change posts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from app.access.principal import Principal
from app.errors import DomainError, Unauthenticated
from app.events.audience import Audience
from app.events.recorder import EventRecorder, Subject
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.revisions import ExpectedRevisions, ensure_expected
from app.models import Post
from app.posts.commands import (
    CreatePost,
    DeletePost,
    PostDraft,
    PostEdit,
    PostOperation,
    PublicationEdit,
    UpdatePost,
)
from app.posts.errors import PostNotFound
from app.posts.events import PostCreated, PostDeleted, PostPublished, PostUpdated
from app.posts.policy import PostPermission, ensure_may_delete, ensure_may_edit
from app.posts.repository import PostRepository
from app.posts.views import PostRef, PostStatus, PostView

OperationResult = PostView | DomainError | None
"""The result of one operation of a batch: the post, the error, or None for a deletion."""


class PostService:
    """Creates, edits and deletes posts on behalf of a principal."""

    def __init__(self, session: WriteSession, principal: Principal, events: EventRecorder) -> None:
        self._session = session
        self._repository = PostRepository(session, principal)
        self._principal = principal
        self._events = events

    async def create(self, draft: PostDraft) -> PostView:
        """Create a post of the caller. Raises ``Unauthenticated``, ``InsufficientPermissions``."""
        (post,), author = await self._create([draft])
        return PostView.from_entity(post, *author)

    async def create_many(self, drafts: Sequence[PostDraft]) -> None:
        """Create posts of the caller with a few statements for all of them. Raises as ``create`` does."""
        await self._create(drafts)

    async def edit(self, ref: PostRef, edit: PostEdit, expected: ExpectedRevisions = None) -> PostView:
        """Change the given fields; an edit that changes no value keeps the revision.

        Raises ``PostNotFound``, ``NotTheAuthor``, ``RevisionConflict``, ``InsufficientPermissions``.
        """
        self._may_write()
        post, author_uid, author_name = await self._lock(ref)
        ensure_may_edit(self._principal, post)
        ensure_expected(post.uid, post.revision, expected)
        was_published = post.status == PostStatus.PUBLISHED
        if changed := _apply(post, edit):
            await self._repository.save()
            about = _about(post, author_uid)
            self._events.record(PostUpdated(**about, changed=changed))
            if post.status == PostStatus.PUBLISHED and not was_published:
                self._events.record(PostPublished(**about))
        return PostView.from_entity(post, author_uid, author_name)

    async def delete(self, ref: PostRef, expected: ExpectedRevisions = None) -> None:
        """Delete a post.

        Raises ``PostNotFound``, ``NotTheAuthor``, ``RevisionConflict``, ``InsufficientPermissions``.
        """
        self._principal.require(PostPermission.WRITE)
        post, author_uid, _ = await self._lock(ref)
        ensure_may_delete(self._principal, post)
        ensure_expected(post.uid, post.revision, expected)
        await self._repository.delete(post)
        self._events.record(PostDeleted(**_about(post, author_uid)))

    async def view(self, ref: PostRef) -> PostView:
        """Count one view and return the post with the new count. Raises ``PostNotFound``."""
        self._principal.ensure(PostPermission.READ)
        post = await self._repository.count_view(ref)
        if post is None:
            raise PostNotFound
        return post

    async def batch(self, operations: Sequence[PostOperation], *, atomic: bool) -> list[OperationResult]:
        """Execute the operations in order; with ``atomic`` all or none.

        With ``atomic`` the first error is raised; without it, an error is the result of its operation.
        """
        self._principal.require(PostPermission.WRITE)
        refs = [operation.ref for operation in operations if not isinstance(operation, CreatePost)]
        await self._repository.lock_in_order(refs, self._principal.signed_in().user_id)
        if atomic:
            return [await self._execute(operation) for operation in operations]
        return [await self._attempt(operation) for operation in operations]

    def _may_write(self) -> None:
        """The response shows the post, so the permission to read is needed, too."""
        self._principal.require(PostPermission.WRITE)
        self._principal.require(PostPermission.READ)

    async def _create(self, drafts: Sequence[PostDraft]) -> tuple[list[Post], tuple[UUID, str]]:
        self._may_write()
        own = self._principal.signed_in()
        author = await self._repository.lock_author(own.user_id)
        if author is None:
            # The user was deleted after the principal was resolved.
            raise Unauthenticated
        now = utc_now()
        posts = [_new_post(draft, own.user_id, now) for draft in drafts]
        await self._repository.add(posts)
        for post in posts:
            about = _about(post, author[0])
            self._events.record(PostCreated(**about, status=post.status))
            if post.published_at is not None:
                self._events.record(PostPublished(**about))
        return posts, author

    async def _attempt(self, operation: PostOperation) -> OperationResult:
        try:
            async with self._session.savepoint():
                return await self._execute(operation)
        except DomainError as error:
            return error

    async def _execute(self, operation: PostOperation) -> PostView | None:
        match operation:
            case CreatePost(draft):
                return await self.create(draft)
            case UpdatePost(ref, edit, expected):
                return await self.edit(ref, edit, expected)
            case DeletePost(ref, expected):
                await self.delete(ref, expected)
                return None

    async def _lock(self, ref: PostRef) -> tuple[Post, UUID, str]:
        if (found := await self._repository.lock(ref)) is None:
            raise PostNotFound
        return found


class _About(TypedDict):
    subject: Subject
    audience: Audience
    revision: int


def _about(post: Post, author_uid: UUID) -> _About:
    """The common fields of events. The audience are those who see the post after the change, or saw the deleted one."""
    public = post.status == PostStatus.PUBLISHED
    return {
        "subject": Subject(post.uid, author_uid, post.id),
        "audience": Audience.PUBLIC if public else Audience.OWNER,
        "revision": post.revision,
    }


def _new_post(draft: PostDraft, author_id: int, now: datetime) -> Post:
    return Post(
        **draft.given(),
        author_id=author_id,
        published_at=now if draft.status is PostStatus.PUBLISHED else None,
        created_at=now,
        updated_at=now,
    )


def _changes(post: Post, edit: PostEdit) -> dict[str, Any]:
    """The values that differ from those of the post."""
    given = edit.given()
    match edit.publication:
        case PublicationEdit.PUBLISH:
            given["status"] = PostStatus.PUBLISHED.value
        case PublicationEdit.WITHDRAW if post.status == PostStatus.PUBLISHED:
            given["status"] = PostStatus.DRAFT.value
    return {name: value for name, value in given.items() if value != getattr(post, name)}


def _apply(post: Post, edit: PostEdit) -> list[str]:
    changed = _changes(post, edit)
    for name, value in changed.items():
        setattr(post, name, value)
    if changed:
        post.updated_at = utc_now()
    if post.status == PostStatus.PUBLISHED and post.published_at is None:
        post.published_at = post.updated_at
    return list(changed)
