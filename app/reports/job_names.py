"""The kinds of the feature's jobs."""

from typing import Final

from app.kit.queue.kinds import JobKind

REPORT: Final = JobKind("report", timeout=120.0, priority=-1, concurrency=2)
"""Parameters: ``owner`` (the uid of the user about whose posts it is), and those of ``ReportRequest``.

The result has ``file``, the uid of the PDF, and ``file_number``, its sequential id.
"""
JOBS: Final = (REPORT,)
