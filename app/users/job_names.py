"""The kinds of jobs that the users feature enqueues."""

from typing import Final

from app.kit.queue.kinds import JobKind

ADDRESS_CHANGED: Final = JobKind("users.address_changed")
"""Parameter ``user``: the uid of a user whose new address is not verified."""
