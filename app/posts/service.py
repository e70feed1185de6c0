"""Use cases that change posts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from app.access.principal import Principal
from app.errors import DomainError, Unauthenticated
from app.events.audience import Audience
from app.events.recorder import EventRecorder
from app.kit.clock import utc_now
from app.kit.db.inserts import WRITTEN_ID
from app.kit.db.sessions import WriteSession
from app.kit.revisions import ExpectedRevisions, ensure_expected
from app.kit.unset import UNSET
from app.models import Post
from app.posts.attaching import Files, as_stored, attachments_of, chosen, lock_files
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
from app.posts.event_facts import ChangedPost, NewPost, about
from app.posts.events import ATTACHMENTS, PostCreated, PostDeleted, PostPublished, PostUnpublished, PostUpdated
from app.posts.policy import PostPermission, ensure_may_delete, ensure_may_edit
from app.posts.repository import PostRepository
from app.posts.views import PostRef, PostStatus, PostView

_MAINTAINED: Final = frozenset({"revision", "updated_at", "published_at"})
"""Columns that an edit changes beside those that the caller gives."""
OperationResult = PostView | DomainError | None
"""The result of one operation of a batch: the post, the error, or None for a deletion."""


class PostService:
    """Creates, edits and deletes posts on behalf of a principal."""

    def __init__(self, session: WriteSession, principal: Principal, events: EventRecorder) -> None:
        self._session = session
        self._repository = PostRepository(session)
        self._principal = principal
        self._events = events

    async def create(self, draft: PostDraft) -> PostView:
        """Create a post of the caller. Raises ``Unauthenticated``, ``InsufficientPermissions``, ``UnknownFile``."""
        self._may_write()
        author, now = self._principal.signed_in(), utc_now()
        if draft.attachments:
            await self._lock_author()
        files = await lock_files(self._session, self._principal, draft.attachments)
        values = _new_values(draft, files, now)
        self._record_creation(NewPost(WRITTEN_ID, values["uid"], values["status"], values["revision"]), author.user_uid)
        post = await self._repository.insert(values, author.user_id)
        if post is None:
            # The user was deleted after the principal was resolved.
            raise Unauthenticated
        await self._attach(post.id, draft.attachments, files)
        return post

    async def create_many(self, drafts: Sequence[PostDraft]) -> None:
        """Create posts of the caller with a few statements for those without files. Raises as ``create`` does."""
        await self._create(drafts)

    async def edit(self, ref: PostRef, edit: PostEdit, expected: ExpectedRevisions = None) -> PostView:
        """Change the given fields; an edit that changes no value keeps the revision.

        Raises ``PostNotFound``, ``NotTheAuthor``, ``RevisionConflict``, ``InsufficientPermissions``, ``UnknownFile``.
        """
        self._may_write()
        wanted = () if edit.attachments is UNSET else edit.attachments
        if wanted:
            await self._lock_author()
        files = await lock_files(self._session, self._principal, wanted)
        # Without a key and files, the edit is one statement, which has no effect if the post has changed meanwhile.
        if self._session.commits_alone and edit.attachments is UNSET:
            post = self._editable(await self._repository.get(ref), expected)
            edited = _applied(post, edit, files)
            if await self._save(post, edited, locked=False):
                return edited
        post = self._editable(await self._repository.lock(ref), expected)
        edited = _applied(post, edit, files)
        await self._save(post, edited, locked=True)
        if edited.attachments != post.attachments:
            await self._attach(post.id, wanted, files, replacing=bool(post.attachments))
        return edited

    async def delete(self, ref: PostRef, expected: ExpectedRevisions = None) -> None:
        """Delete a post.

        Raises ``PostNotFound``, ``NotTheAuthor``, ``RevisionConflict``, ``InsufficientPermissions``.
        """
        self._principal.require(PostPermission.WRITE)
        if self._session.commits_alone and await self._delete(await self._repository.get(ref), expected, locked=False):
            return
        await self._delete(await self._repository.lock(ref), expected, locked=True)

    async def batch(self, operations: Sequence[PostOperation], *, atomic: bool) -> list[OperationResult]:
        """Execute the operations in order; with ``atomic`` all or none.

        With ``atomic`` the first error is raised; without it, an error is the result of its operation.
        """
        self._principal.require(PostPermission.WRITE)
        refs = [operation.ref for operation in operations if not isinstance(operation, CreatePost)]
        files = [uid for operation in operations for uid in _files_of(operation)]
        await self._repository.lock_in_order(refs, self._principal.signed_in().user_id, files)
        if atomic:
            return [await self._execute(operation) for operation in operations]
        return [await self._attempt(operation) for operation in operations]

    def _may_write(self) -> None:
        """The response shows the post, so the permission to read is needed, too."""
        self._principal.require(PostPermission.WRITE)
        self._principal.require(PostPermission.READ)

    async def _lock_author(self) -> tuple[UUID, str]:
        author = await self._repository.lock_author(self._principal.signed_in().user_id)
        if author is None:
            # The user was deleted after the principal was resolved.
            raise Unauthenticated
        return author

    async def _attach(self, post_id: int, wanted: Sequence[UUID], files: Files, *, replacing: bool = False) -> None:
        if replacing:
            await self._repository.detach_all(post_id)
        if wanted:
            await self._repository.attach(post_id, [file.id for file in chosen(wanted, files)])

    async def _create(self, drafts: Sequence[PostDraft]) -> None:
        self._may_write()
        (author_uid, _), now = await self._lock_author(), utc_now()
        wanted = [uid for draft in drafts for uid in draft.attachments]
        files = await lock_files(self._session, self._principal, wanted)
        author_id = self._principal.signed_in().user_id
        posts = [Post(**_new_values(draft, files, now), author_id=author_id) for draft in drafts]
        await self._repository.add(posts)
        for post, draft in zip(posts, drafts, strict=True):
            await self._attach(post.id, draft.attachments, files)
            self._record_creation(post, author_uid)

    def _record_creation(self, post: ChangedPost, author_uid: UUID) -> None:
        facts = about(post, author_uid)
        self._events.record(PostCreated(**facts, status=post.status))
        if post.status == PostStatus.PUBLISHED:
            self._events.record(PostPublished(**facts))

    def _editable(self, post: PostView | None, expected: ExpectedRevisions) -> PostView:
        if post is None:
            raise PostNotFound
        ensure_may_edit(self._principal, post)
        ensure_expected(post.uid, post.revision, expected)
        return post

    async def _save(self, post: PostView, edited: PostView, *, locked: bool) -> bool:
        """Whether the edit is saved: a post that is not locked may have another revision by now."""
        changed = edited.differences(post)
        if not changed:
            return True
        facts = about(edited, post.author_uid)
        self._events.record(PostUpdated(**facts, changed=[name for name in changed if name not in _MAINTAINED]))
        was_published, is_published = (each.status == PostStatus.PUBLISHED for each in (post, edited))
        if is_published and not was_published:
            self._events.record(PostPublished(**facts))
        elif was_published and not is_published:
            self._events.record(PostUnpublished(**facts | {"audience": Audience.PUBLIC}))
        if ATTACHMENTS in changed:
            changed[ATTACHMENTS] = as_stored(edited.attachments)
        del changed["revision"]
        return await self._repository.update(post, changed, locked=locked)

    async def _delete(self, post: PostView | None, expected: ExpectedRevisions, *, locked: bool) -> bool:
        if post is None:
            raise PostNotFound
        ensure_may_delete(self._principal, post)
        ensure_expected(post.uid, post.revision, expected)
        self._events.record(PostDeleted(**about(post, post.author_uid)))
        return await self._repository.delete(post, locked=locked)

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


def _files_of(operation: PostOperation) -> Sequence[UUID]:
    match operation:
        case CreatePost(draft):
            return draft.attachments
        case UpdatePost(edit=edit) if edit.attachments is not UNSET:
            return edit.attachments
    return ()


def _new_values(draft: PostDraft, files: Files, now: datetime) -> dict[str, Any]:
    """The values of the columns of a new post, without its author."""
    return {
        **draft.given(),
        "uid": uuid7(),
        "revision": 1,
        "attachments": as_stored(chosen(draft.attachments, files)),
        "published_at": now if draft.status is PostStatus.PUBLISHED else None,
        "created_at": now,
        "updated_at": now,
    }


def _applied(post: PostView, edit: PostEdit, files: Files) -> PostView:
    """The post with the values of an edit, which get a new revision if one of them differs."""
    given = edit.given()
    if edit.attachments is not UNSET:
        given[ATTACHMENTS] = attachments_of(chosen(edit.attachments, files))
    match edit.publication:
        case PublicationEdit.PUBLISH:
            given["status"] = PostStatus.PUBLISHED.value
        case PublicationEdit.WITHDRAW if post.status == PostStatus.PUBLISHED:
            given["status"] = PostStatus.DRAFT.value
    edited = replace(post, **given)
    if edited == post:
        return post
    now = utc_now()
    published_at = now if edited.status == PostStatus.PUBLISHED and post.published_at is None else post.published_at
    return replace(edited, revision=post.revision + 1, updated_at=now, published_at=published_at)
