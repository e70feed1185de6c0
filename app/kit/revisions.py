"""Optimistic concurrency: a change made on the strength of an old revision is refused."""

from app.errors import RevisionConflict

ExpectedRevisions = frozenset[int] | None
"""The revisions under which the caller's change makes sense; None: any."""


def ensure_expected(revision: int, expected: ExpectedRevisions) -> None:
    """Raise ``RevisionConflict`` unless the caller knows the present revision."""
    if expected is not None and revision not in expected:
        raise RevisionConflict
