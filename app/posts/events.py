"""Events of posts."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.recorder import Event


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
class PostUpdated(PostEvent):
    """``changed`` names the changed fields."""

    type: ClassVar[str] = "post.updated"
    changed: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostDeleted(PostEvent):
    """The post was deleted."""

    type: ClassVar[str] = "post.deleted"
