"""Counts attempts to authenticate."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from app.errors import DomainError

SUCCESS: Final = "success"


class Attempts(Protocol):
    """Counts attempts by outcome: ``success``, or the code of the error."""

    def record(self, outcome: str, method: str) -> None:
        """Count one attempt. Both arguments are constants of the code, never input of a client."""


@contextmanager
def count_attempt(attempts: Attempts, method: str) -> Iterator[None]:
    """Count the block as one attempt with this method, unless it raises anything but a ``DomainError``."""
    try:
        yield
    except DomainError as error:
        attempts.record(error.code, method)
        raise
    attempts.record(SUCCESS, method)
