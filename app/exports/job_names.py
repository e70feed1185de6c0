"""The kinds of the feature's jobs."""

from typing import Final

from app.kit.queue.kinds import JobKind

EXPORT: Final = JobKind("export", timeout=900.0, priority=-1, concurrency=2)
"""Parameters: ``owner`` (the uid of the user on whose behalf it exports), and those of ``ExportRequest``.

The result has ``file``, the uid of the file, and ``file_number``, its sequential id.
"""
JOBS: Final = (EXPORT,)
