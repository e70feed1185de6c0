"""Writes of posts."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import or_, select, update

from app.access.principal import Principal
from app.kit.db.sessions import WriteSession
from app.models import Post, User
from app.posts import statements
from app.posts.policy import viewer_of
from app.posts.views import PostRef, PostStatus, PostView


class PostRepository:
    """Posts in one transaction."""

    def __init__(self, session: WriteSession, principal: Principal) -> None:
        self._session = session
        self._viewer, self._viewer_id = viewer_of(principal)

    async def add(self, posts: Iterable[Post]) -> None:
        self._session.add_all(posts)
        await self._session.flush()

    async def save(self) -> None:
        await self._session.flush()

    async def delete(self, post: Post) -> None:
        await self._session.delete(post)
        await self._session.flush()

    async def lock(self, ref: PostRef) -> tuple[Post, UUID, str] | None:
        """The post with the uid and name of its author; its row is locked until the transaction ends."""
        column = Post.id if isinstance(ref, int) else Post.uid
        row = (
            await self._session.execute(
                select(Post, User.uid, User.display_name)
                .join(User, User.id == Post.author_id)
                .where(column == ref)
                .with_for_update(of=Post)
                .execution_options(populate_existing=True)
            )
        ).first()
        return None if row is None else (row[0], row[1], row[2])

    async def lock_in_order(self, refs: Sequence[PostRef], author_id: int) -> None:
        """Lock posts for a batch, in the order that every transaction uses: users by id, then posts by id.

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
        await self._session.execute(select(Post.id).where(named).order_by(Post.id).with_for_update())

    async def lock_author(self, user_id: int) -> tuple[UUID, str] | None:
        """The uid and name of a user, who is not deleted until the transaction ends, or None."""
        statement = select(User.uid, User.display_name).where(User.id == user_id)
        row = (await self._session.execute(statement.with_for_update(read=True, key_share=True))).first()
        return None if row is None else (row[0], row[1])

    async def count_view(self, ref: PostRef) -> PostView | None:
        """Count one view of a post and return the post; None if the caller may not see it.

        One statement, which does not change the revision, since a view does not edit the post.
        """
        column = Post.id if isinstance(ref, int) else Post.uid
        statement = (
            update(Post)
            .where(column == ref, User.id == Post.author_id)
            .values(view_count=Post.view_count + 1)
            .returning(*statements.COLUMNS)
            .execution_options(synchronize_session=False)
        )
        if self._viewer != "admin":
            published = Post.status == PostStatus.PUBLISHED.value
            statement = statement.where(
                published if self._viewer == "anyone" else or_(published, Post.author_id == self._viewer_id)
            )
        row = (await self._session.execute(statement)).mappings().first()
        return None if row is None else PostView.from_row(row)
