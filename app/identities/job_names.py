"""The kinds of the feature's jobs, which services enqueue."""

from typing import Final

from app.kit.queue.kinds import JobKind

SEND_CONFIRMATION: Final = JobKind("identities.send_confirmation")
"""Parameters ``confirmation``: the uid of an identity confirmation."""
SEND_NOTICE: Final = JobKind("identities.send_notice")
"""Parameters ``user`` (a uid), ``notice`` (a value of ``Notice``), ``provider``, and ``id``, which is unique."""
JOBS: Final = (SEND_CONFIRMATION, SEND_NOTICE)
"""Every job that this feature runs."""
