"""The names of jobs that the users feature enqueues."""

from typing import Final

ADDRESS_CHANGED: Final = "users.address_changed"
"""Payload ``user``: the uid of a user whose new address is not verified."""
