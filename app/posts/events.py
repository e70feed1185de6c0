"""Events of posts."""

from dataclasses import dataclass
from typing import ClassVar, Final

from app.events.recorder import Event

ATTACHMENTS: Final = "attachments"
"""The name of a changed field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostEvent(Event):
    """``revision`` is that of the post after the change, or before its deletion."""

    schema: ClassVar[int] = 2
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostCreated(PostEvent):
    """A user created the post with this status."""

    type: ClassVar[str] = "post.created"
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPublished(PostEvent):
    """The post became visible to every caller."""

    type: ClassVar[str] = "post.published"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostUnpublished(PostEvent):
    """The post was withdrawn: only its author and administrators see it. Who could see it before may know that."""

    type: ClassVar[str] = "post.unpublished"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostUpdated(PostEvent):
    """``changed`` names the changed fields."""

    type: ClassVar[str] = "post.updated"
    changed: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostDeleted(PostEvent):
    """The post was deleted."""

    type: ClassVar[str] = "post.deleted"
