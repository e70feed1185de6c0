"""Changes the posts from which a file disappears because it is deleted."""

from app.events.recorder import EventRecorder
from app.files.deletion import BeforeDeletion
from app.files.views import FileView
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.posts.event_facts import about
from app.posts.events import ATTACHMENTS, PostUpdated
from app.posts.repository import detach_file


def file_deletion(session: WriteSession, events: EventRecorder) -> BeforeDeletion:
    """Detach the file from its posts, which get a new revision. Their author owns the file."""

    async def detach(file: FileView) -> None:
        for post in await detach_file(session, file.id, utc_now()):
            events.record(PostUpdated(**about(post, file.owner_uid), changed=[ATTACHMENTS]))

    return detach
