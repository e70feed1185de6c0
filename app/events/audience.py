"""Who may read an event. It is decided when the event is written: later the subject may be gone, or visible again."""

from enum import StrEnum


class Audience(StrEnum):
    """Every audience contains the next one."""

    PUBLIC = "public"
    """Every caller."""
    OWNER = "owner"
    """The owner of the subject, and its counterparty if there is one."""
    ADMIN = "admin"
    """Users who may read the events of all users."""
