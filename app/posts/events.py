"""Events of posts."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.recorder import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PostCreated(Event):
    """A user created the post with this status."""

    type: ClassVar[str] = "post.created"
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPublished(Event):
    """The post became visible to every caller."""

    type: ClassVar[str] = "post.published"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostUpdated(Event):
    """``changed`` names the changed fields; ``revision`` is the revision after the change."""

    type: ClassVar[str] = "post.updated"
    changed: list[str]
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostDeleted(Event):
    """The post was deleted."""

    type: ClassVar[str] = "post.deleted"
