"""Input of the use cases of posts."""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from app.kit.db.keyset import Position
from app.kit.revisions import ExpectedRevisions
from app.kit.unset import UNSET, Unset
from app.posts.views import PostRef, PostStatus
from app.users.views import UserRef


@dataclass(frozen=True, slots=True)
class PostDraft:
    """A post to create."""

    title: str
    content: str
    status: PostStatus


class PublicationEdit(Enum):
    """A change of publication, for versions that know only published and not published."""

    PUBLISH = auto()
    WITHDRAW = auto()
    """Turns a published post into a draft; other posts, including archived ones, stay as they are."""


@dataclass(frozen=True, slots=True)
class PostEdit:
    """The fields to change; ``UNSET`` fields stay as they are. At most one of status and publication is given."""

    title: str | Unset = UNSET
    content: str | Unset = UNSET
    status: PostStatus | Unset = UNSET
    publication: PublicationEdit | Unset = UNSET


class SortField(StrEnum):
    """The fields by which a listing can be sorted."""

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
    """Which posts to list; a None field does not filter. ``published`` False means every other status."""

    status: PostStatus | None = None
    published: bool | None = None
    author: UserRef | None = None
    query: str | None = None


@dataclass(frozen=True, slots=True)
class KeysetPage:
    """A page of at most ``limit`` posts after the position ``after``, in this order and then by id."""

    sort: tuple[Sort, ...]
    limit: int
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class OffsetPage:
    """A page of at most ``limit`` posts, without the first ``offset``."""

    sort: Sort
    offset: int
    limit: int


@dataclass(frozen=True, slots=True)
class CreatePost:
    """Creates one post of a batch."""

    draft: PostDraft


@dataclass(frozen=True, slots=True)
class UpdatePost:
    """Edits one post of a batch."""

    ref: PostRef
    edit: PostEdit
    expected: ExpectedRevisions = None


@dataclass(frozen=True, slots=True)
class DeletePost:
    """Deletes one post of a batch."""

    ref: PostRef
    expected: ExpectedRevisions = None


PostOperation = CreatePost | UpdatePost | DeletePost
