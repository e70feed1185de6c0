"""The kinds of the feature's jobs."""

from typing import Final

from app.kit.queue.kinds import JobKind

CSV_IMPORT: Final = JobKind("csv_import", timeout=4 * 3600.0, priority=-2, concurrency=2)
"""Parameters: ``file`` (the uid of a file) and ``owner`` (the uid of its user, who becomes the author of the posts).

The result has the numbers of ``rows``, ``imported`` and ``rejected``.
"""
JOBS: Final = (CSV_IMPORT,)
