"""Events of posts in v1."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from app.events.stored import StoredEvent
from app.posts.views import PostStatus
from versions.kit.events import EventType

PostField = Literal["title", "content", "published"]
_NAMES: Final[Mapping[str, PostField]] = {"title": "title", "content": "content", "status": "published"}
"""The names of fields in v1, which has no attachments."""


class PostEventData(BaseModel):
    """What each event of a post contains."""

    id: int = Field(description="The sequential id of the post.", examples=[1])


class PostCreatedData(PostEventData):
    """A post was created."""

    published: bool = Field(description="Whether every caller can read it.", examples=[False])


class PostPublishedData(PostEventData):
    """A post became visible to every caller."""


class PostUnpublishedData(PostEventData):
    """A post was withdrawn: only its author and administrators see it."""


class PostUpdatedData(PostEventData):
    """A post was changed."""

    changed: list[PostField] = Field(description="The names of the changed fields.", examples=[["title"]])


class PostDeletedData(PostEventData):
    """A post was deleted."""


def _post(event: StoredEvent) -> dict[str, Any]:
    return {"id": event.subject_id}


def _created(event: StoredEvent) -> Mapping[str, Any]:
    return {**_post(event), "published": event.payload["status"] == PostStatus.PUBLISHED}


def _updated(event: StoredEvent) -> Mapping[str, Any]:
    return {**_post(event), "changed": [_NAMES[name] for name in event.payload["changed"] if name in _NAMES]}


EVENTS: Final = (
    EventType("post.created", PostCreatedData, _created, schema=2),
    EventType("post.published", PostPublishedData, _post, schema=2),
    EventType("post.unpublished", PostUnpublishedData, _post, schema=2),
    EventType("post.updated", PostUpdatedData, _updated, schema=2),
    EventType("post.deleted", PostDeletedData, _post, schema=2),
)
