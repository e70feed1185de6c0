"""What happens to posts."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.recorder import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PostCreated(Event):
    """A post exists."""

    type: ClassVar[str] = "post.created"
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPublished(Event):
    """Everybody can read the post from now on."""

    type: ClassVar[str] = "post.published"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostUpdated(Event):
    """``changed`` names the fields; ``revision`` is the one they led to."""

    type: ClassVar[str] = "post.updated"
    changed: list[str]
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostDeleted(Event):
    """The post is gone."""

    type: ClassVar[str] = "post.deleted"
