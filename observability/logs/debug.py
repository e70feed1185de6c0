"""Debug lines of code that runs for every request."""

from typing import Any, Final

import structlog

_LOG: Final = structlog.get_logger()


class DebugLog:
    """Writes debug lines. Callers test ``enabled`` first, so that a line costs one attribute look-up while it is off.

    A call of structlog's logger costs microseconds even if the level suppresses its line.
    """

    enabled = False
    """Whether the level of this process is debug; ``configure`` sets it."""

    def write(self, event: str, **fields: Any) -> None:
        """Write one line with the ids of the current request."""
        _LOG.debug(event, **fields)


debug_log: Final = DebugLog()
