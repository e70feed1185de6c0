"""What callers ask of the posts feature."""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from app.kit.db.keyset import Position
from app.kit.revisions import ExpectedRevisions
from app.kit.unset import UNSET, Unset
from app.posts.views import PostRef, PostStatus
from app.users.views import UserRef


@dataclass(frozen=True, slots=True)
class PostDraft:
    """A post to be written."""

    title: str
    content: str
    status: PostStatus


class PublicationEdit(Enum):
    """A change of publication by callers who know only published and not."""

    PUBLISH = auto()
    WITHDRAW = auto()
    """To a draft; a post that is not published, an archived one too, stays as it is."""


@dataclass(frozen=True, slots=True)
class PostEdit:
    """The fields to change; one that is absent stays as it is. At most one of status and publication is given."""

    title: str | Unset = UNSET
    content: str | Unset = UNSET
    status: PostStatus | Unset = UNSET
    publication: PublicationEdit | Unset = UNSET


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
    """At most ``limit`` posts from the ``offset``-th on."""

    sort: Sort
    offset: int
    limit: int


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
