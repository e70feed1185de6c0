"""Reads of reports."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Date, bindparam, cast, func, select

from app.kit.db.sessions import ReadSession, Row
from app.kit.db.statements import Read
from app.models import Post, User
from app.reports.views import ReportedPost

_DAY: Final = cast(func.timezone("UTC", Post.created_at), Date)
_POSTS: Final = (
    Post.author_id == bindparam("author_id"),
    Post.created_at >= bindparam("since"),
    Post.created_at < bindparam("until"),
)
_AUTHOR: Final = Read(select(User.id, User.display_name).where(User.uid == bindparam("uid"), User.is_active))
_PER_DAY: Final = Read(
    select(_DAY.label("day"), func.count().label("posts"), func.sum(Post.view_count).label("views"))
    .where(*_POSTS)
    .group_by(_DAY)
)
_MOST_VIEWED: Final = Read(
    select(Post.title, Post.status, Post.view_count, Post.created_at)
    .where(*_POSTS)
    .order_by(Post.view_count.desc(), Post.id)
    .limit(bindparam("limit"))
)


class ReportQueries:
    """The posts of a user in a period of days in UTC."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def author(self, uid: UUID) -> Row | None:
        """The id and the name of an active user."""
        return await self._reads.one(_AUTHOR, uid=uid)

    async def per_day(self, author_id: int, start: date, end: date) -> list[Row]:
        """The number and the views of the posts of each day with posts."""
        return await self._reads.all(_PER_DAY, author_id=author_id, **_bounds(start, end))

    async def most_viewed(self, author_id: int, start: date, end: date, limit: int) -> list[ReportedPost]:
        rows = await self._reads.all(_MOST_VIEWED, author_id=author_id, limit=limit, **_bounds(start, end))
        return [ReportedPost.from_row(row) for row in rows]


def _bounds(start: date, end: date) -> dict[str, datetime]:
    return {
        "since": datetime.combine(start, time(), UTC),
        "until": datetime.combine(end + timedelta(days=1), time(), UTC),
    }
