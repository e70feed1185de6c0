"""Responses to requests that were rejected before they could be parsed, so before their version is known."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import orjson
import structlog
import uuid_utils

from app.errors import DomainError, Malformed
from app.http.errors.problems import MEDIA_TYPE, TYPE_BASE
from app.http.errors.status import STATUS
from app.http.middleware.load_shedding import Overloaded
from app.http.middleware.size_limits import BodyTimeout, HeadersTooLarge
from app.http.server.lingering import Phase
from app.kit.reason_phrases import REASON_PHRASES

_LOG: Final = structlog.get_logger()


class HeadTimeout(BodyTimeout):
    code = "head_timeout"
    detail = "The request line and the header fields did not arrive in time."


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a connection is closed. ``error`` is ``None`` where no response is sent."""

    reason: str
    """The label of the metric."""
    error: type[DomainError] | None = None
    detail: str | None = None

    def record(self) -> tuple[str, bytes]:
        """Write a log line. Returns the id of the request and the response, which is empty without an ``error``."""
        request_id = uuid_utils.uuid7().hex
        status = None if self.error is None else STATUS[self.error.kind]
        _LOG.info("connection_rejected", reason=self.reason, status=status, request_id=request_id)
        return request_id, self.response(request_id)

    def response(self, request_id: str | None = None) -> bytes:
        """Returns the response, which is empty without an ``error``."""
        if self.error is None:
            return b""
        return _response(self.error, self.detail, request_id or uuid_utils.uuid7().hex)


HEAD_TOO_LARGE: Final = Rejection("head_too_large", HeadersTooLarge)
MALFORMED: Final = Rejection("malformed", Malformed, "The request is not valid HTTP/1.1 (RFC 9112).")
INVALID_HANDSHAKE: Final = Rejection("malformed", Malformed, "A WebSocket handshake is a GET request without a body.")
FRAMING_TOO_LARGE: Final = Rejection("framing_too_large", Malformed, "Chunk extensions or trailers are too large.")
HEAD_TIMEOUT: Final = Rejection("head_timeout", HeadTimeout)
NO_REQUEST: Final = Rejection("no_request")
BODY_NOT_SENT: Final = Rejection("body_not_sent")
TIMEOUTS: Final = {Phase.WAITING: NO_REQUEST, Phase.HEAD: HEAD_TIMEOUT, Phase.BODY: BODY_NOT_SENT}
PIPELINED: Final = Rejection("pipelined")
TOO_MANY_CONNECTIONS: Final = Rejection("too_many_connections", Overloaded)


def _response(error: type[DomainError], detail: str | None, request_id: str) -> bytes:
    status = HTTPStatus(STATUS[error.kind])
    body = orjson.dumps(
        {
            "type": f"{TYPE_BASE}{error.code}",
            "title": REASON_PHRASES[status],
            "status": status,
            "detail": detail or error.detail,
            "code": error.code,
            "request_id": request_id,
        }
    )
    retry = "retry-after: 1\r\n" if status is HTTPStatus.SERVICE_UNAVAILABLE else ""
    head = (
        f"HTTP/1.1 {status.value} {REASON_PHRASES[status]}\r\n"
        f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
        f"connection: close\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n{retry}"
        f"x-request-id: {request_id}\r\n\r\n"
    )
    return head.encode() + body
