"""The content of a file as a response: our own streaming, with ranges and conditional requests (RFC 9110).

Starlette's ``FileResponse`` serves local paths only, and its entity tag is made of time and size.
"""

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from contextlib import aclosing
from http import HTTPStatus
from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from app.errors import ErrorKind, RevisionConflict, TimedOut, Unavailable
from app.files.disposition import content_disposition
from app.files.types import JPEG, PNG
from app.files.views import FileView
from app.http.conditional import matches, matches_strongly
from app.http.disconnects import until_disconnected
from app.http.downloads.ranges import ByteRange, UnsatisfiableRange, requested_range
from app.http.errors.http_error import HttpError
from app.http.state import state_of
from app.http.transfers import LOWEST_RATE
from app.kit.storage.errors import ObjectNotFound
from app.kit.storage.store import ObjectStore

Disposition = Literal["attachment", "inline"]
_PIECE_BYTES: Final = 64 * 1024
_PIECE_SECONDS: Final = _PIECE_BYTES / LOWEST_RATE
_INLINE: Final = frozenset({JPEG.media_type, PNG.media_type})
_HARMLESS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Content that is also of another type does nothing in a browser."""


class ClientTooSlow(TimedOut):
    """The client reads below the lowest rate; its connection is closed."""


class RangeNotSatisfiable(HttpError):
    code = "range_not_satisfiable"
    kind = ErrorKind.RANGE_NOT_SATISFIABLE
    detail = "The content has no bytes in this range; Content-Range states its size."

    def __init__(self, size: int) -> None:
        super().__init__()
        self.headers = {"Content-Range": f"bytes */{size}"}


def download(request: Request, store: ObjectStore, file: FileView, disposition: Disposition = "attachment") -> Response:
    """The content of a file, a part of it, or 304. Raises ``RevisionConflict`` and ``RangeNotSatisfiable``.

    The conditions have the order of RFC 9110, section 13.2.2.
    """
    tag, given = f'"sha256:{file.sha256.hex()[:32]}"', request.headers
    if (expected := given.get("if-match")) is not None and not matches_strongly(expected, tag):
        raise RevisionConflict
    if matches(given.get("if-none-match"), tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    part = _part(request, tag, file.size)
    headers = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Repr-Digest": f"sha-256=:{b64encode(file.sha256).decode()}:",
        "Content-Disposition": content_disposition(
            disposition if file.content_type in _INLINE else "attachment", file.name
        ),
        **_HARMLESS,
    }
    if part is None:
        return ContentResponse(store, file, ByteRange(0, file.size), HTTPStatus.OK, headers)
    headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{file.size}"
    return ContentResponse(store, file, part, HTTPStatus.PARTIAL_CONTENT, headers)


def _part(request: Request, tag: str, size: int) -> ByteRange | None:
    """The part that a GET asks for, unless its client has a part of another content."""
    condition = request.headers.get("if-range")
    if state_of(request.scope).without_body or (condition is not None and condition.strip() != tag):
        return None
    try:
        return requested_range(request.headers.get("range"), size)
    except UnsatisfiableRange:
        raise RangeNotSatisfiable(size) from None


class ContentResponse(Response):
    """Sends bytes of an object while they are read. Nothing is read any more once the client has left."""

    def __init__(
        self, store: ObjectStore, file: FileView, part: ByteRange, status: HTTPStatus, headers: Mapping[str, str]
    ) -> None:
        super().__init__(status_code=status, headers=headers, media_type=file.content_type)
        self.headers["content-type"] = file.content_type
        self.headers["content-length"] = str(part.end - part.start)
        self._store = store
        self._file = file
        self._part = part

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI. Raises ``Unavailable`` before the response starts, and ``ClientTooSlow`` after it."""
        start: Message = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        if state_of(scope).without_body or self._part.start == self._part.end:
            await send(start)
            await send(_body(b"", more=False))
            return
        async with aclosing(self._store.stream(self._file.object_key, self._part.start, self._part.end)) as chunks:
            try:
                # Read first: a store that fails is a 503, not a response without its content.
                first = await anext(chunks)
            except (ObjectNotFound, StopAsyncIteration) as error:
                raise Unavailable from error
            await send(start)
            gone = asyncio.create_task(until_disconnected(receive))
            left = self._part.end - self._part.start
            try:
                left = await _send_chunk(first, left, send)
                async for chunk in chunks:
                    if gone.done():
                        break
                    left = await _send_chunk(chunk, left, send)
            finally:
                gone.cancel()
                await asyncio.gather(gone, return_exceptions=True)
        if left:
            await send(_body(b"", more=False))


async def _send_chunk(chunk: bytes, left: int, send: Send) -> int:
    """Send it in pieces, each of which the client must read in time. Returns how many bytes of ``left`` remain.

    The last byte ends the body: a client that has all bytes may disconnect, which must not look like an abort.
    """
    for at in range(0, len(chunk), _PIECE_BYTES):
        piece = chunk[at : at + _PIECE_BYTES]
        left -= len(piece)
        try:
            async with asyncio.timeout(_PIECE_SECONDS):
                await send(_body(piece, more=left > 0))
        except TimeoutError:
            raise ClientTooSlow from None
    return left


def _body(content: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}
