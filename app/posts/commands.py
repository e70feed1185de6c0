"""What callers ask of the posts feature."""

from dataclasses import dataclass
from enum import StrEnum

from app.absent import ABSENT, Maybe
from app.db.keyset import Position
from app.revisions import ExpectedRevisions
from app.users.views import UserRef
from app.posts.views import PostRef, PostStatus


@dataclass(frozen=True, slots=True)
class PostDraft:
    """A post to be written."""

    title: str
    content: str
    status: PostStatus


@dataclass(frozen=True, slots=True)
class PostEdit:
    """The fields to change; one that is absent stays as it is."""

    title: Maybe[str] = ABSENT
    content: Maybe[str] = ABSENT
    status: Maybe[PostStatus] = ABSENT


class SortField(StrEnum):
    """What a listing can be sorted by."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    TITLE = "title"
    VIEW_COUNT = "view_count"


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort key."""

    field: SortField
    descending: bool


@dataclass(frozen=True, slots=True)
class PostFilter:
    """Which posts to list; None: whichever. ``published`` is either one status or all the others."""

    status: PostStatus | None = None
    published: bool | None = None
    author: UserRef | None = None
    query: str | None = None


@dataclass(frozen=True, slots=True)
class KeysetPage:
    """A page of at most ``limit`` posts behind ``after``, in this order and then by age."""

    sort: tuple[Sort, ...]
    limit: int
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class OffsetPage:
    """The ``page``-th page (from 1) of ``size`` posts."""

    sort: Sort
    page: int
    size: int


@dataclass(frozen=True, slots=True)
class CreateOperation:
    """One post of a batch to be written."""

    draft: PostDraft


@dataclass(frozen=True, slots=True)
class UpdateOperation:
    """One post of a batch to be edited."""

    ref: PostRef
    edit: PostEdit
    expected: ExpectedRevisions = None


@dataclass(frozen=True, slots=True)
class DeleteOperation:
    """One post of a batch to be removed."""

    ref: PostRef
    expected: ExpectedRevisions = None


Operation = CreateOperation | UpdateOperation | DeleteOperation
