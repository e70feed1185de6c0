"""Optimistic concurrency: a change that is based on an old revision is rejected."""

from typing import Final
from uuid import UUID

from app.errors import RevisionConflict

ExpectedRevisions = frozenset[str] | None
"""The revision marks that the caller accepts for a change; None accepts every revision."""

MARK_PATTERN: Final = r"\d{1,18}-[0-9a-f]{12}"
"""A revision number and the random end of the uid, so that the revision of another resource does not match."""


def revision_mark(uid: UUID, revision: int) -> str:
    """The text that names one revision of one resource."""
    return f"{revision}-{uid.hex[-12:]}"


def ensure_expected(uid: UUID, revision: int, expected: ExpectedRevisions) -> None:
    """Raise ``RevisionConflict`` unless the caller accepts the current revision of the resource with this uid."""
    if expected is not None and revision_mark(uid, revision) not in expected:
        raise RevisionConflict
