"""Writes of posts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ScalarSelect,
    bindparam,
    column,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import InstrumentedAttribute

from app.access.principal import Principal
from app.files.repository import FileRepository
from app.kit.db.sessions import Writer, WriteSession
from app.kit.db.single_writes import SingleWrites
from app.kit.db.statements import KEYS, NUMBERS, KeyedCount, Write
from app.models import File, Post, PostAttachment, User
from app.posts import statements
from app.posts.event_facts import ChangedPost
from app.posts.policy import viewer_of
from app.posts.views import PostRef, PostStatus, PostView


class PostRepository:
    """Posts in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def add(self, posts: Iterable[Post]) -> None:
        self._session.add_all(posts)
        await self._session.flush()

    async def insert(self, values: Mapping[str, Any], author_id: int) -> PostView | None:
        """Insert a post with these values; None if the author does not exist."""
        row = await self._session.write(statements.insert_post(frozenset(values)), author_id=author_id, **values)
        return None if row is None else PostView.from_row(row)

    async def get(self, ref: PostRef) -> PostView | None:
        """The post as it is now, which may change before the transaction ends."""
        row = await self._session.read(statements.GET[isinstance(ref, int)], ref=ref)
        return None if row is None else PostView.from_row(row)

    async def lock(self, ref: PostRef) -> PostView | None:
        """The post, whose row is locked until the transaction ends."""
        await self._session.run_deferred()
        await self._session.driver()
        row = await self._session.read(statements.LOCK[isinstance(ref, int)], ref=ref)
        return None if row is None else PostView.from_row(row)

    async def update(self, post: PostView, values: Mapping[str, Any], *, locked: bool) -> bool:
        """Set these columns; false if the post is not locked and has another revision by now."""
        new = {f"new_{name}": value for name, value in values.items()}
        return await self._write(statements.update_post(frozenset(values)), post, new, locked=locked)

    async def delete(self, post: PostView, *, locked: bool) -> bool:
        """Delete the post; false if it is not locked and has another revision by now."""
        return await self._write(statements.DELETE, post, {}, locked=locked)

    async def _write(self, write: Write, post: PostView, values: Mapping[str, Any], *, locked: bool) -> bool:
        given = {"post_id": post.id, "known": post.revision, **values}
        if not locked:
            return await self._session.finish(write, **given) is not None
        await self._session.defer(write, **given)
        return True

    async def lock_in_order(self, refs: Sequence[PostRef], author_id: int, files: Sequence[UUID] = ()) -> None:
        """Lock posts for a batch, in the order that every transaction uses: users, files and posts, each by id.

        Otherwise two batches that name the same posts in different orders would wait for each other. The authors and
        the user with ``author_id``, to which a new post refers, are locked against deletion only, which deletes their
        posts in any order.
        """
        ids = [ref for ref in refs if isinstance(ref, int)]
        uids = [ref for ref in refs if not isinstance(ref, int)]
        named = or_(Post.id.in_(ids), Post.uid.in_(uids))
        authors = or_(User.id == author_id, User.id.in_(select(Post.author_id).where(named)))
        await self._session.execute(
            select(User.id).where(authors).order_by(User.id).with_for_update(read=True, key_share=True)
        )
        if files:
            await FileRepository(self._session).lock_own(author_id, files)
        await self._session.execute(select(Post.id).where(named).order_by(Post.id).with_for_update())

    async def lock_author(self, user_id: int) -> tuple[UUID, str] | None:
        """The uid and name of a user, who is not deleted until the transaction ends, or None."""
        statement = select(User.uid, User.display_name).where(User.id == user_id)
        row = (await self._session.execute(statement.with_for_update(read=True, key_share=True))).first()
        return None if row is None else (row[0], row[1])

    async def attach(self, post_id: int, file_ids: Sequence[int]) -> None:
        """Attach locked files to a post that has none, in this order."""
        values = [{"post_id": post_id, "position": place, "file_id": file} for place, file in enumerate(file_ids)]
        await self._session.execute(insert(PostAttachment), values)

    async def detach_all(self, post_id: int) -> None:
        """Detach the files of a locked post."""
        await self._session.execute(delete(PostAttachment).where(PostAttachment.post_id == post_id))


def _count_views(by: InstrumentedAttribute[Any]) -> KeyedCount:
    """Counts views of published posts, which every caller may see.

    It locks posts in the order of their ids, and leaves out those that another transaction has locked.
    """
    number = Post.view_count.type
    keys = bindparam(KEYS, type_=ARRAY(by.type))
    calls = (
        func.unnest(keys, bindparam(NUMBERS, type_=ARRAY(number)))
        .table_valued(column("key", by.type), column("number", number), name="calls")
        .render_derived()
    )
    published = Post.status == literal_column(f"'{PostStatus.PUBLISHED.value}'")
    found = select(Post.id).where(by == func.any(keys), published).order_by(Post.id)
    locked = found.with_for_update(key_share=True, skip_locked=True).cte("locked")
    counted = update(Post).where(Post.id == locked.c.id, by == calls.c.key, User.id == Post.author_id)
    return KeyedCount(
        counted.values(view_count=Post.view_count + calls.c.number).returning(*statements.COLUMNS), by.key
    )


_COUNT_VIEWS: Final = {True: _count_views(Post.id), False: _count_views(Post.uid)}
"""By whether the reference is an id."""


async def count_shared_view(writes: SingleWrites, ref: PostRef) -> PostView | None:
    """Count one view of a published post with a statement that concurrent calls share.

    None if the post is not published, or if another transaction has locked it.
    """
    counted = await writes.count(_COUNT_VIEWS[isinstance(ref, int)], ref)
    if counted is None:
        return None
    view = PostView.from_row(counted.row)
    return replace(view, view_count=view.view_count - counted.later) if counted.later else view


async def count_view(writer: Writer, principal: Principal, ref: PostRef) -> PostView | None:
    """Count one view of a post and return the post with one statement; None if the caller may not see it."""
    viewer, viewer_id = viewer_of(principal)
    values = {} if viewer != "author" else {"viewer_id": viewer_id}
    row = await writer.write(statements.count_view(viewer, by_id=isinstance(ref, int)), ref=ref, **values)
    return None if row is None else PostView.from_row(row)


async def lock_posts_of(session: WriteSession, author_id: int) -> Sequence[ChangedPost]:
    """The posts of a locked user, without their texts; their rows are locked until the transaction ends."""
    columns = (Post.id, Post.uid, Post.status, Post.revision)
    rows = await session.execute(
        select(*columns).where(Post.author_id == author_id).order_by(Post.id).with_for_update(of=Post)
    )
    return rows.all()


async def detach_file(session: WriteSession, file_id: int, now: datetime) -> Sequence[ChangedPost]:
    """Detach a locked file from its posts, which get a new revision. Returns them by id, without their texts."""
    having = Post.id.in_(select(PostAttachment.post_id).where(PostAttachment.file_id == file_id))
    await session.execute(select(Post.id).where(having).order_by(Post.id).with_for_update(of=Post))
    columns = (Post.id, Post.uid, Post.status, Post.revision)
    changes = {"attachments": _others_than(file_id), "revision": Post.revision + 1, "updated_at": now}
    changed = update(Post).where(having).values(changes).returning(*columns)
    rows = (await session.execute(changed.execution_options(synchronize_session=False))).all()
    await session.execute(delete(PostAttachment).where(PostAttachment.file_id == file_id))
    return sorted(rows, key=lambda row: row.id)


def _others_than(file_id: int) -> ScalarSelect[Any]:
    """The value of ``Post.attachments`` without a file."""
    values = func.json_build_array(File.uid, File.name, File.content_type, File.size)
    found = select(func.json_agg(aggregate_order_by(values, PostAttachment.position)))
    remaining = found.join_from(PostAttachment, File, File.id == PostAttachment.file_id)
    return remaining.where(PostAttachment.post_id == Post.id, File.id != file_id).correlate(Post).scalar_subquery()
