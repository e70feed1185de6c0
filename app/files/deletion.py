"""What features do in the transaction that deletes a file.

Rows that refer to a file are deleted by foreign keys, which record nothing. A feature declares what it does before
that in its module ``file_deletion``:

    def file_deletion(session: WriteSession, events: EventRecorder) -> BeforeDeletion:
"""

from collections.abc import Awaitable, Callable

from app.events.recorder import EventRecorder
from app.files.views import FileView
from app.kit.db.sessions import WriteSession
from app.kit.discovery import modules

BeforeDeletion = Callable[[FileView], Awaitable[None]]
"""Is called with a locked file of a locked user before the file is deleted."""


def before_deletion(session: WriteSession, events: EventRecorder) -> BeforeDeletion:
    """What all features do."""
    acts = [module.file_deletion(session, events) for module in modules("app", "file_deletion")]

    async def run(file: FileView) -> None:
        for act in acts:
            await act(file)

    return run
