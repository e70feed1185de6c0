"""Who is behind a consumer."""

from dataclasses import dataclass
from typing import Final

ANONYMOUS: Final = "anonymous callers"


@dataclass(frozen=True, slots=True)
class Contact:
    """The user behind a consumer, and the API key if it is one. ``email`` is None if the user is unknown."""

    name: str
    email: str | None = None
    key: str | None = None
    plan: str | None = None
    id: str | None = None
    """That of the user or the key; None if the user is unknown."""

    @classmethod
    def unknown(cls, consumer: str | None) -> "Contact":
        """The contact of anonymous callers, of a pseudonym, and of a deleted user."""
        return cls(ANONYMOUS if consumer is None else consumer)
