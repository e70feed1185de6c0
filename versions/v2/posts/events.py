"""Events of posts in v2."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.events.stored import StoredEvent
from app.posts.views import PostStatus
from versions.kit.events import EventType
from versions.kit.typeid import encode
from versions.v2.ids import POST, USER, known

PostField = Literal["title", "content", "status", "attachments"]


class PostEventData(BaseModel):
    """What each event of a post contains."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the post.", examples=["post_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    author_id: str = Field(description="The id of the author.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    revision: int = Field(description="The revision of the post after the change.", ge=1, examples=[2])


class PostCreatedData(PostEventData):
    """A post was created."""

    status: PostStatus = Field(description="The status of the new post.", examples=["draft"])


class PostPublishedData(PostEventData):
    """A post became visible to every caller."""


class PostUnpublishedData(PostEventData):
    """A post was withdrawn: only its author and administrators see it."""


class PostUpdatedData(PostEventData):
    """A post was changed."""

    changed: list[PostField] = Field(description="The names of the changed fields.", examples=[["title"]])


class PostDeletedData(PostEventData):
    """A post was deleted. `revision` is its last one."""


def _post(event: StoredEvent) -> dict[str, Any]:
    return {
        "id": encode(POST, event.subject_uid),
        "author_id": encode(USER, known(event.owner_uid)),
        "revision": event.payload["revision"],
    }


def _created(event: StoredEvent) -> Mapping[str, Any]:
    return {**_post(event), "status": PostStatus(event.payload["status"])}


def _updated(event: StoredEvent) -> Mapping[str, Any]:
    return {**_post(event), "changed": event.payload["changed"]}


EVENTS: Final = (
    EventType("post.created", PostCreatedData, _created, schema=2),
    EventType("post.published", PostPublishedData, _post, schema=2),
    EventType("post.unpublished", PostUnpublishedData, _post, schema=2),
    EventType("post.updated", PostUpdatedData, _updated, schema=2),
    EventType("post.deleted", PostDeletedData, _post, schema=2),
)
