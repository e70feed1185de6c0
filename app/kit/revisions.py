"""Optimistic concurrency: a change that is based on an old revision is rejected."""

from app.errors import RevisionConflict

ExpectedRevisions = frozenset[int] | None
"""The revisions that the caller accepts for a change; None accepts every revision."""


def ensure_expected(revision: int, expected: ExpectedRevisions) -> None:
    """Raise ``RevisionConflict`` unless the caller accepts the current revision."""
    if expected is not None and revision not in expected:
        raise RevisionConflict
