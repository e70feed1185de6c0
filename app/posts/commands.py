"""Input of the use cases of posts."""

from dataclasses import dataclass, fields
from enum import Enum, StrEnum, auto
from typing import Any, Final
from uuid import UUID

from app.kit.db.keyset import Position
from app.kit.revisions import ExpectedRevisions
from app.kit.unset import UNSET, Unset
from app.posts.views import PostRef, PostStatus
from app.users.views import UserRef


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFields:
    """The fields of a post that a caller writes; ``attachments`` are files in their order, others named like columns.

    An ``UNSET`` field of an edit stays as it is; one of a draft gets the default of its column. None is a value.
    """

    title: str | Unset = UNSET
    content: str | Unset = UNSET
    status: PostStatus | Unset = UNSET
    attachments: tuple[UUID, ...] | Unset = UNSET

    def given(self) -> dict[str, Any]:
        """The fields that are set, as values of their columns."""
        values = ((name, getattr(self, name)) for name in _COLUMNS)
        return {name: value.value if isinstance(value, Enum) else value for name, value in values if value is not UNSET}


_COLUMNS: Final = tuple(field.name for field in fields(PostFields) if field.name != "attachments")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostDraft(PostFields):
    """A post to create."""

    title: str
    content: str
    status: PostStatus
    attachments: tuple[UUID, ...] = ()


class PublicationEdit(Enum):
    """A change of publication, for versions that know only published and not published."""

    PUBLISH = auto()
    WITHDRAW = auto()
    """Turns a published post into a draft; other posts, including archived ones, stay as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostEdit(PostFields):
    """The fields to change. At most one of status and publication is given."""

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
