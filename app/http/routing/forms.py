"""Parses forms strictly: each malformed form is one kind of error, and no byte of a value is replaced."""

import re
from collections.abc import AsyncGenerator
from typing import Final
from urllib.parse import parse_qsl

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from app.errors import Malformed

MAX_FIELDS: Final = 100
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
"""RFC 2046, section 5.1.1."""


class MalformedForm(Malformed):
    code = "malformed_form"
    detail = "The body is not a well-formed form."


async def parse_form(body: bytes, content_type: str) -> FormData:
    """The fields and files of a form. Raises ``MalformedForm``."""
    try:
        if not body:
            return FormData()
        if content_type.partition(";")[0].strip().lower() == "multipart/form-data":
            return await _multipart(body, content_type)
        return _urlencoded(body)
    except UnicodeError:
        message = "The form contains bytes that are not UTF-8. Encode names and values as UTF-8."
        raise MalformedForm(message) from None


def _urlencoded(body: bytes) -> FormData:
    text = body.decode()
    if text.count("&") >= MAX_FIELDS:
        raise _too_many()
    return FormData([*parse_qsl(text, keep_blank_values=True, errors="strict")])


def boundary_of(content_type: str) -> str:
    """The boundary of a multipart form. Raises ``MalformedForm``."""
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"").decode("latin-1")
    if not _BOUNDARY.fullmatch(boundary):
        message = "The Content-Type of the form has no valid boundary. Send multipart/form-data; boundary=..."
        raise MalformedForm(message)
    return boundary


async def _multipart(body: bytes, content_type: str) -> FormData:
    boundary = boundary_of(content_type)
    # Starlette decodes with the charset that the client names, or else as Latin-1. Latin-1 preserves the bytes.
    headers = Headers({"Content-Type": f'multipart/form-data; charset=latin-1; boundary="{boundary}"'})
    parser = _Parser(headers, _once(body), max_files=MAX_FIELDS, max_fields=MAX_FIELDS, max_part_size=len(body))
    try:
        parsed = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many"):
            raise _too_many() from None
        message = "The multipart form is malformed. Send each part with a Content-Disposition that has a name."
        raise MalformedForm(message) from None
    try:
        return FormData(_items(parsed, complete=parser.complete))
    except (MalformedForm, UnicodeError):
        await parsed.close()
        raise


def _items(parsed: FormData, *, complete: bool) -> list[tuple[str, str | UploadFile]]:
    if not complete:
        message = "The multipart form ends before its closing boundary. Send it completely."
        raise MalformedForm(message)
    return [(_utf8(name), _utf8(value) if isinstance(value, str) else value) for name, value in parsed.multi_items()]


class _Parser(MultiPartParser):
    """Records the closing boundary, which the parser does not demand."""

    complete = False

    def on_end(self) -> None:
        self.complete = True


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body


def _utf8(text: str) -> str:
    return text.encode("latin-1").decode()


def _too_many() -> MalformedForm:
    return MalformedForm(f"The form has more than {MAX_FIELDS} fields. Send only those of the operation.")
