"""The format and the content coding of an export."""

from typing import Final

from starlette.requests import Request

from app.errors import ErrorKind
from app.exports.commands import MEDIA_TYPES, ExportForm, ExportFormat
from app.exports.errors import TrailerNotSupported
from app.http.compression import CODINGS
from app.http.errors.http_error import HttpError
from app.http.negotiation import IDENTITY, best_coding, best_media_type

_FORMATS: Final = {media_type: form for form, media_type in MEDIA_TYPES.items()}


class NotAcceptable(HttpError):
    code = "not_acceptable"
    kind = ErrorKind.NOT_ACCEPTABLE
    detail = f"Accept one of {', '.join(MEDIA_TYPES.values())}, or use the parameter format."


class CodingNotAcceptable(HttpError):
    code = "content_coding_not_acceptable"
    kind = ErrorKind.NOT_ACCEPTABLE
    detail = f"Accept one of the content codings {', '.join((*CODINGS, IDENTITY))}."


def negotiated_form(request: Request, wanted: ExportFormat | None, *, trailer: bool | None) -> ExportForm:
    """The form that a request asks for: ``wanted``, or what ``Accept`` prefers.

    Raises ``NotAcceptable``, ``TrailerNotSupported``.
    """
    form = wanted or _accepted(request)
    if trailer and form is not ExportFormat.NDJSON:
        raise TrailerNotSupported
    return ExportForm(form, trailer=bool(trailer))


def negotiated_coding(request: Request) -> str:
    """The content coding that a request prefers. Raises ``CodingNotAcceptable``."""
    coding = best_coding(request.headers.get("accept-encoding"), list(CODINGS))
    if coding is None:
        raise CodingNotAcceptable
    return coding


def _accepted(request: Request) -> ExportFormat:
    media_type = best_media_type(request.headers.get("accept"), list(_FORMATS))
    if media_type is None:
        raise NotAcceptable
    return _FORMATS[media_type]
