"""Records the deletion of each post of a user who is deleted."""

from app.access.principal import SignedIn
from app.access.user_deletion import BeforeDeletion
from app.events.recorder import EventRecorder
from app.kit.db.sessions import WriteSession
from app.posts.event_facts import about
from app.posts.events import PostDeleted
from app.posts.repository import lock_posts_of


def user_deletion(session: WriteSession, events: EventRecorder) -> BeforeDeletion:
    """Record that the posts are deleted, which the foreign key does."""

    async def record(user: SignedIn) -> None:
        for post in await lock_posts_of(session, user.user_id):
            events.record(PostDeleted(**about(post, user.user_uid)))

    return record
