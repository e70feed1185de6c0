"""The kinds of jobs that users request."""

from typing import Final

from app.kit.queue.kinds import JobKind

EMAIL: Final = JobKind("email")
"""Parameters ``to``, ``subject``, ``text``."""
JOBS: Final = (EMAIL,)
"""Every job that this feature runs."""
