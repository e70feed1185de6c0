"""Reads a multipart form (RFC 7578) as a stream, part by part, in constant memory."""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from app.http.routing.forms import MalformedForm, boundary_of

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_GATHERED_BYTES: Final = 16 * 1024
"""Bytes that are parsed at once: a client that sends single bytes would cost 2 seconds of CPU for each megabyte."""
_DISPOSITION: Final = b"content-disposition"
_TYPE: Final = b"content-type"


@dataclass(frozen=True, slots=True)
class PartHead:
    """The name of a field; of a file also its name as the client gave it, and the declared media type."""

    name: str
    filename: str | None
    content_type: str


class _End:
    """The end of a part."""


_END_OF_PART: Final = _End()


class FormReader:
    """The parts of the form of a request. Raises ``MalformedForm``, also for a form that ends too early."""

    def __init__(self, request: Request) -> None:
        self._body = request.stream()
        self._events: deque[PartHead | bytes | _End] = deque()
        self._headers: dict[bytes, bytes] = {}
        self._field = b""
        self._value = b""
        self._closed = False
        self._in_part = False
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._headers.clear,
            "on_header_field": self._add_field,
            "on_header_value": self._add_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._begin_part,
            "on_part_data": self._add_data,
            "on_part_end": self._end_part,
            "on_end": self._close,
        }
        self._parser = MultipartParser(boundary_of(request.headers.get("content-type", "")), callbacks)

    async def parts(self) -> AsyncIterator[PartHead]:
        """Each part, once what is left of the one before has been skipped."""
        while True:
            if self._in_part:
                async for _ in self.content():
                    pass
            event = await self._next()
            if event is None:
                return
            if isinstance(event, PartHead):
                self._in_part = True
                yield event

    async def content(self) -> AsyncIterator[bytes]:
        """The content of the part that ``parts`` yielded last."""
        while self._in_part:
            event = await self._next()
            if isinstance(event, bytes):
                yield event
            else:
                self._in_part = False

    async def value(self, limit: int) -> str:
        """The content of a field of at most ``limit`` bytes, as text."""
        value = b""
        async for chunk in self.content():
            value += chunk
            if len(value) > limit:
                message = f"A field of the form is longer than {limit} bytes."
                raise MalformedForm(message)
        return _text(value)

    async def _next(self) -> PartHead | bytes | _End | None:
        while not self._events:
            if not await self._parse_more():
                return None
        return self._events.popleft()

    async def _parse_more(self) -> bool:
        """Parse the next bytes of the body. False at its end."""
        gathered = bytearray()
        while len(gathered) < _GATHERED_BYTES and (chunk := await anext(self._body, b"")):
            gathered += chunk
        if not gathered:
            if not self._closed:
                message = "The multipart form ends before its closing boundary. Send it completely."
                raise MalformedForm(message)
            return False
        if not self._closed:
            try:
                self._parser.write(bytes(gathered))
            except FormParserError:
                raise _malformed() from None
        return True

    def _add_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _begin_part(self) -> None:
        disposition, options = parse_options_header(self._headers.get(_DISPOSITION))
        name, filename = options.get(b"name"), options.get(b"filename")
        if disposition != b"form-data" or name is None:
            raise _malformed()
        media_type = self._headers.get(_TYPE, b"").partition(b";")[0].strip().lower()
        given = None if filename is None else _text(filename)
        self._events.append(PartHead(_text(name), given, media_type.decode("latin-1")))

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(data[start:end])

    def _end_part(self) -> None:
        self._events.append(_END_OF_PART)

    def _close(self) -> None:
        self._closed = True


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        message = "The form contains bytes that are not UTF-8. Encode names and values as UTF-8."
        raise MalformedForm(message) from None


def _malformed() -> MalformedForm:
    return MalformedForm("The multipart form is malformed. Send each part with a Content-Disposition that has a name.")
