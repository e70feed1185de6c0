"""Who counts attempts to authenticate, as the core sees it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from app.errors import DomainError

SUCCESS: Final = "success"


class Attempts(Protocol):
    """Counts attempts by outcome: ``success``, or the code of the failure."""

    def note(self, outcome: str, method: str) -> None:
        """Count one attempt. Both names come from the code, never from a caller."""


@contextmanager
def counted(attempts: Attempts, method: str) -> Iterator[None]:
    """Count the block as one attempt by this method, however it ends; a defect of ours is no attempt."""
    try:
        yield
    except DomainError as failure:
        attempts.note(failure.code, method)
        raise
    attempts.note(SUCCESS, method)
