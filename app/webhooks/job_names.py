"""The kinds of the feature's jobs."""

from typing import Final

from app.kit.queue.kinds import JobKind

SEND_NOTICE: Final = JobKind("webhooks.send_notice")
"""Parameters ``endpoint`` (a uid), ``notice`` (a value of ``Notice``), ``failure``, and ``id``, which is unique."""
JOBS: Final = (SEND_NOTICE,)
"""Every job that this feature runs."""
