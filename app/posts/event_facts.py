"""What all events of a post have in common."""

from typing import NamedTuple, Protocol, TypedDict
from uuid import UUID

from app.events.audience import Audience
from app.events.recorder import Subject
from app.kit.db.inserts import WrittenId
from app.posts.views import PostStatus


class EventFacts(TypedDict):
    """The common fields of events of a post."""

    subject: Subject
    audience: Audience
    revision: int


class ChangedPost(Protocol):
    """What events say about a post."""

    @property
    def id(self) -> int | WrittenId: ...

    @property
    def uid(self) -> UUID: ...

    @property
    def status(self) -> str: ...

    @property
    def revision(self) -> int: ...


class NewPost(NamedTuple):
    """A post that the next statement inserts."""

    id: WrittenId
    uid: UUID
    status: str
    revision: int


def about(post: ChangedPost, author_uid: UUID) -> EventFacts:
    """The common fields of events. The audience are those who see the post after the change, or saw the deleted one."""
    public = post.status == PostStatus.PUBLISHED
    return {
        "subject": Subject(post.uid, author_uid, post.id),
        "audience": Audience.PUBLIC if public else Audience.OWNER,
        "revision": post.revision,
    }
