"""The kinds of the feature's jobs."""

from typing import Final

from app.kit.queue.kinds import JobKind

IMPACT_ANALYSIS: Final = JobKind("impact_analysis", timeout=900.0, priority=-1, concurrency=1)
"""Parameters: ``owner`` (the uid of the user who requested it), ``candidate`` (the uid of the file with the document),
and those of ``ImpactRequest``.

The result has ``file``, the uid of the report, and ``file_number``, its sequential id.
"""
JOBS: Final = (IMPACT_ANALYSIS,)
