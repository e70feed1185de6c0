"""The header of a job that has not ended: when to ask again (RFC 9110, section 10.2.3)."""

from typing import Final

from starlette.responses import Response

from app.jobs.views import JobView
from versions.kit.openapi import header

RETRY_AFTER: Final = {"Retry-After": header("Seconds after which to ask again, while the job has not ended.")}
_SECONDS: Final = "1"


def ask_again(response: Response, view: JobView) -> None:
    """Add ``Retry-After`` unless the job has ended."""
    if not view.finished:
        response.headers["Retry-After"] = _SECONDS
