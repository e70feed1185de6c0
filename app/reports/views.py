"""The content of a report."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from operator import itemgetter
from typing import Final

from app.kit.db.sessions import Row


@dataclass(frozen=True, slots=True)
class ReportedPost:
    """A line of the table."""

    title: str
    status: str
    view_count: int
    created_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> "ReportedPost":
        """Build the view from a row with a column for each field."""
        return cls(*_POST(row))


_POST: Final = itemgetter(*(field.name for field in fields(ReportedPost)))


@dataclass(frozen=True, slots=True)
class Report:
    """The posts that a user created from ``start`` until ``end``, both included, in UTC.

    ``posts`` contains those with the most views, ``total`` counts all of them, and ``per_day`` has one number for each
    day.
    """

    title: str
    author: str
    start: date
    end: date
    total: int
    views: int
    per_day: Sequence[int]
    posts: Sequence[ReportedPost]
