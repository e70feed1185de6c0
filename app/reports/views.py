"""The content of a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from app.kit.db.sessions import Row


@dataclass(frozen=True, slots=True)
class ReportedPost:
    """A line of the table."""

    title: str
    status: str
    view_count: int
    created_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Raises ``KeyError`` if a column is missing."""
        return cls(**{name: row[name] for name in cls.__slots__})


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
