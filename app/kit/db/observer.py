"""Who watches the database, as this package sees them; the composition root says who it is."""

from typing import Final, Protocol


class DatabaseObserver(Protocol):
    """Told of every wait, loan and statement. Must be quick, and must not raise."""

    def waited(self, pool: str, seconds: float) -> None:
        """A connection of ``pool`` was had after so long."""

    def lent(self, pool: str) -> None:
        """A connection of ``pool`` is in use."""

    def returned(self, pool: str) -> None:
        """And is not any more."""

    def ran(self, statement: str, seconds: float) -> None:
        """A statement ended, well or badly."""


class _Nobody:
    def waited(self, pool: str, seconds: float) -> None:
        """Short commands are not watched."""

    def lent(self, pool: str) -> None:
        """See ``waited``."""

    def returned(self, pool: str) -> None:
        """See ``waited``."""

    def ran(self, statement: str, seconds: float) -> None:
        """See ``waited``."""


NOBODY: Final[DatabaseObserver] = _Nobody()
