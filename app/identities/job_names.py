"""The names of the feature's jobs, by which services enqueue them."""

from typing import Final

SEND_CONFIRMATION: Final = "identities.send_confirmation"
"""Payload ``confirmation``: the uid of an identity confirmation."""
SEND_NOTICE: Final = "identities.send_notice"
"""Payload ``user`` (a uid), ``notice`` (a value of ``Notice``), ``provider``, and ``id``, which is unique."""
JOBS: Final = (SEND_CONFIRMATION, SEND_NOTICE)
"""Every job that this feature runs."""
