"""What every route of an upload checks before the body is read."""

from typing import Final

from starlette.requests import Request

from app.http.routing.strict import ensure_readable

MEDIA_TYPES: Final = frozenset({"multipart/form-data"})


def ensure_multipart(request: Request) -> None:
    """Raise ``UnsupportedMediaType`` or ``UnsupportedContentCoding`` for a body that is no plain multipart form."""
    ensure_readable(request, MEDIA_TYPES)
