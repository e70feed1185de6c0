"""The kinds of the feature's jobs."""

from typing import Final

from app.kit.queue.kinds import JobKind

DELETE_OBJECT: Final = JobKind("delete_object", timeout=60.0)
"""Parameter: ``key`` of the object of a deleted file."""
JOBS: Final = (DELETE_OBJECT,)
