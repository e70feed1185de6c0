"""Collects the content of reports."""

from datetime import timedelta
from typing import Final

from app.reports.commands import ReportRequest
from app.reports.queries import ReportQueries
from app.reports.views import Report

MAX_POSTS: Final = 500
"""Lines of the table. A report of so many takes a fraction of a second."""


class ReportReader:
    """Reads what a report contains, for a job."""

    def __init__(self, queries: ReportQueries) -> None:
        self._queries = queries

    async def report(self, request: ReportRequest, author_id: int, author: str) -> Report:
        """The report about the posts of a user."""
        days = {row["day"]: row for row in await self._queries.per_day(author_id, request.start, request.end)}
        length = (request.end - request.start).days + 1
        return Report(
            title=request.title,
            author=author,
            start=request.start,
            end=request.end,
            total=sum(row["posts"] for row in days.values()),
            views=int(sum(row["views"] for row in days.values())),
            per_day=[
                days[day]["posts"] if (day := request.start + timedelta(days=offset)) in days else 0
                for offset in range(length)
            ],
            posts=await self._queries.most_viewed(author_id, request.start, request.end, MAX_POSTS),
        )
