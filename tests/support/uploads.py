"""Contents of each type that users may upload, and forms with them."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any, Final

_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
WORD_MAIN: Final = f"{_OFFICE}.wordprocessingml.document.main+xml"
SHEET_MAIN: Final = f"{_OFFICE}.spreadsheetml.sheet.main+xml"


def png(padding: bytes = b"") -> bytes:
    """An image of one pixel."""
    body = b"IHDR" + struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body)) + padding


def jpeg(padding: bytes = b"") -> bytes:
    return b"\xff\xd8\xff\xe0" + padding + b"\xff\xd9"


def pdf(padding: bytes = b"") -> bytes:
    return b"%PDF-1.7\n" + padding + b"\n%%EOF\n"


def archive(entries: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, content in entries.items():
            made.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def types(main: str) -> bytes:
    """The list of types of an office document."""
    part = f'<Override PartName="/word/document.xml" ContentType="{main}"/>'
    return f'<?xml version="1.0"?><Types>{part}</Types>'.encode()


def docx(entries: Mapping[str, bytes] | None = None, main: str = WORD_MAIN) -> bytes:
    return archive({"[Content_Types].xml": types(main), "word/document.xml": b"<w/>", **(entries or {})})


def xlsx(entries: Mapping[str, bytes] | None = None) -> bytes:
    return archive({"[Content_Types].xml": types(SHEET_MAIN), "xl/workbook.xml": b"<x/>", **(entries or {})})


CSV: Final = "title,content\nGneiss,Łupek\n".encode()
CONTENTS: Final = {
    "a.png": png(),
    "a.jpg": jpeg(),
    "a.jpeg": jpeg(),
    "a.pdf": pdf(),
    "a.docx": docx(),
    "a.xlsx": xlsx(),
}
"""A valid content by the name of its file."""


def form(content: bytes = CSV, name: str = "posts.csv", media_type: str = "text/csv", field: str = "file") -> Any:
    """The argument ``files`` of a request with one file."""
    return {field: (name, content, media_type)}
