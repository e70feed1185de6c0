"""Errors of a commit, and of a statement that commits by itself."""

from typing import Final

import structlog

from app.errors import DomainError, Unavailable
from app.kit.db.errors import ConnectionLost, rejects_statement, sqlstate

_RETRY_SECONDS: Final = 2
_LOG: Final = structlog.get_logger()


def commit_error(error: Exception, translation: DomainError | None) -> DomainError | None:
    """The error to report to the caller, or None for a defect of the code; ``translation`` is that of a statement."""
    if isinstance(translation, ConnectionLost) and not rejects_statement(error):
        # The server may have committed, so another attempt could make the change twice.
        return Unavailable(retry_after=translation.retry_after)
    if translation is None and sqlstate(error) is not None and not isinstance(error, DomainError):
        # The server rolled back for a reason that only an operator can remove, such as a deferred constraint: the
        # request was valid, and may succeed later.
        _LOG.error("commit_failed", exc_info=error)
        return Unavailable(retry_after=_RETRY_SECONDS)
    return translation
