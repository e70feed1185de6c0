"""Use cases that change posts."""

from collections.abc import Sequence
from uuid import UUID

from app.access.principal import Permission, Principal
from app.errors import DomainError, InsufficientPermissions, Unauthenticated
from app.events.recorder import EventRecorder
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.revisions import ExpectedRevisions, ensure_expected
from app.kit.unset import UNSET, Unset
from app.models import Post
from app.posts.commands import (
    CreateOperation,
    DeleteOperation,
    Operation,
    PostDraft,
    PostEdit,
    PublicationEdit,
    UpdateOperation,
)
from app.posts.events import PostCreated, PostDeleted, PostPublished, PostUpdated
from app.posts.policy import PostNotFound, ensure_may_delete, ensure_may_edit
from app.posts.repository import PostRepository
from app.posts.views import PostRef, PostStatus, PostView

OperationResult = PostView | DomainError | None
"""Of one operation of a batch: the post, what went wrong, or nothing for a removal."""


class PostService:
    """Writes, edits and removes posts on behalf of a caller."""

    def __init__(self, session: WriteSession, principal: Principal, events: EventRecorder) -> None:
        self._session = session
        self._repository = PostRepository(session, principal)
        self._principal = principal
        self._events = events

    async def create(self, draft: PostDraft) -> PostView:
        """A new post of the caller. Raises ``Unauthenticated``, ``InsufficientPermissions``."""
        self._principal.require(Permission.POSTS_WRITE)
        own = self._principal.signed_in()
        author = await self._repository.author(own.user_id)
        if author is None:
            # The account was removed after the caller was recognised.
            raise Unauthenticated
        now = utc_now()
        published = draft.status is PostStatus.PUBLISHED
        post = Post(
            author_id=own.user_id,
            title=draft.title,
            content=draft.content,
            status=draft.status.value,
            published_at=now if published else None,
            created_at=now,
            updated_at=now,
        )
        await self._repository.add(post)
        self._events.record(PostCreated(subject=post.uid, status=post.status))
        if published:
            self._events.record(PostPublished(subject=post.uid))
        return PostView.of(post, *author)

    async def edit(self, ref: PostRef, edit: PostEdit, expected: ExpectedRevisions = None) -> PostView:
        """Change the given fields; an edit that changes nothing leaves the revision alone.

        Raises ``PostNotFound``, ``NotTheAuthor``, ``RevisionConflict``, ``InsufficientPermissions``.
        """
        self._principal.require(Permission.POSTS_WRITE)
        post, author_uid, author_name = await self._existing(ref)
        ensure_may_edit(self._principal, post)
        ensure_expected(post.revision, expected)
        was_published = post.status == PostStatus.PUBLISHED
        if changed := _apply(post, edit):
            await self._repository.save()
            self._events.record(PostUpdated(subject=post.uid, changed=changed, revision=post.revision))
            if post.status == PostStatus.PUBLISHED and not was_published:
                self._events.record(PostPublished(subject=post.uid))
        return PostView.of(post, author_uid, author_name)

    async def delete(self, ref: PostRef, expected: ExpectedRevisions = None) -> None:
        """Raises ``PostNotFound``, ``NotTheAuthor``, ``RevisionConflict``, ``InsufficientPermissions``."""
        self._principal.require(Permission.POSTS_WRITE)
        post, *_ = await self._existing(ref)
        ensure_may_delete(self._principal, post)
        ensure_expected(post.revision, expected)
        await self._repository.delete(post)
        self._events.record(PostDeleted(subject=post.uid))

    async def view(self, ref: PostRef) -> PostView:
        """Count one view and return the post with the new count. Raises ``PostNotFound``."""
        if not self._principal.may(Permission.POSTS_READ):
            raise InsufficientPermissions(Permission.POSTS_READ)
        post = await self._repository.count_view(ref)
        if post is None:
            raise PostNotFound
        return post

    async def batch(self, operations: Sequence[Operation], *, atomic: bool) -> list[OperationResult]:
        """Carry the operations out in their order, each on its own, or with ``atomic`` all or none.

        Raises the first failure with ``atomic``; without it, every failure is the result of its operation.
        """
        self._principal.require(Permission.POSTS_WRITE)
        if atomic:
            return [await self._carry_out(operation) for operation in operations]
        return [await self._attempt(operation) for operation in operations]

    async def _attempt(self, operation: Operation) -> OperationResult:
        try:
            async with self._session.savepoint():
                return await self._carry_out(operation)
        except DomainError as failure:
            return failure

    async def _carry_out(self, operation: Operation) -> PostView | None:
        match operation:
            case CreateOperation(draft):
                return await self.create(draft)
            case UpdateOperation(ref, edit, expected):
                return await self.edit(ref, edit, expected)
            case DeleteOperation(ref, expected):
                await self.delete(ref, expected)
                return None

    async def _existing(self, ref: PostRef) -> tuple[Post, UUID, str]:
        if (found := await self._repository.locked(ref)) is None:
            raise PostNotFound
        return found


def _status(post: Post, edit: PostEdit) -> PostStatus | Unset:
    match edit.publication:
        case PublicationEdit.PUBLISH:
            return PostStatus.PUBLISHED
        case PublicationEdit.WITHDRAW:
            return PostStatus.DRAFT if post.status == PostStatus.PUBLISHED else UNSET
    return edit.status


def _apply(post: Post, edit: PostEdit) -> list[str]:
    given = {"title": edit.title, "content": edit.content, "status": _status(post, edit)}
    changed = []
    for name, value in given.items():
        if value is not UNSET and value != getattr(post, name):
            setattr(post, name, str(value))
            changed.append(name)
    if changed:
        post.updated_at = utc_now()
    if post.status == PostStatus.PUBLISHED and post.published_at is None:
        post.published_at = post.updated_at
    return changed
