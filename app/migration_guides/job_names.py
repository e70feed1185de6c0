"""The kinds of the feature's jobs, which services enqueue."""

from typing import Final

from app.kit.queue.kinds import JobKind

SEND_GUIDE: Final = JobKind("migration_guides.send", priority=-1)
"""Parameter ``notice``: the uid of a version notice. Mails that users wait for are sent before."""
JOBS: Final = (SEND_GUIDE,)
"""Every job that this feature runs."""
