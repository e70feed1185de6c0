"""Whether the content of a file is of the type that its name and its client state.

A rule looks at a few bytes at the beginning and the end; that of an archive also reads its directory from the store.
Content that satisfies a rule may be of another type, too (a PDF can be a page), so files are served as attachments that
do nothing.
"""

import codecs
import struct
import zlib
from typing import Final

from app.files.errors import ContentMismatch
from app.files.types import CSV, DOCX, JPEG, PDF, PNG, XLSX, FileType, extension_of

HEAD_BYTES: Final = 64
TAIL_BYTES: Final = 1024
_ARCHIVE: Final = b"PK\x03\x04"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_MAGIC: Final = (
    (b"\xff\xd8\xff", JPEG.media_type),
    (_PNG, PNG.media_type),
    (b"%PDF-", PDF.media_type),
    (_ARCHIVE, "a ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an OLE document"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
)


class ContentCheck:
    """Checks the content of one file while it arrives."""

    def __init__(self, name: str, kind: FileType, declared: str) -> None:
        self._name = name
        self._kind = kind
        self._declared = declared
        self._head = b""
        self._tail = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._is_text = True

    def ensure_declared(self) -> None:
        """Raise ``ContentMismatch`` unless the declared type agrees with the extension."""
        if not self._kind.agrees(self._declared):
            raise self._mismatch("not read")

    def feed(self, chunk: bytes) -> None:
        """Look at the next part of the content."""
        if len(self._head) < HEAD_BYTES:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
        self._tail = (self._tail + chunk[-TAIL_BYTES:])[-TAIL_BYTES:]
        if self._kind is CSV and self._is_text:
            self._is_text = self._decodes(chunk)

    def ensure_valid(self) -> None:
        """Raise ``ContentMismatch`` unless the content, which has ended, satisfies the rule of its type."""
        if self._kind is CSV:
            self._is_text = self._is_text and self._decodes(b"", final=True)
        if not self._satisfies_rule():
            raise self._mismatch(self.found())

    def found(self) -> str:
        """What the content is, as far as its first bytes show it."""
        known = next((name for magic, name in _MAGIC if self._head.startswith(magic)), None)
        if known == self._kind.media_type:
            return f"a damaged {known}"
        return known or ("text" if self._is_text and self._kind is CSV else "of another type")

    def archive_mismatch(self, content: str) -> ContentMismatch:
        """The error for an archive that is ``content``."""
        return self._mismatch(content)

    @property
    def is_archive(self) -> bool:
        """Whether the directory of the content must be checked, too."""
        return self._kind in {DOCX, XLSX}

    def _satisfies_rule(self) -> bool:
        head, tail = self._head, self._tail
        match self._kind:
            case kind if kind is JPEG:
                return head.startswith(b"\xff\xd8\xff") and tail.endswith(b"\xff\xd9")
            case kind if kind is PNG:
                return _is_png(head)
            case kind if kind is PDF:
                return head.startswith(b"%PDF-1.") and b"%%EOF" in tail
            case kind if kind is CSV:
                return self._is_text
        return head.startswith(_ARCHIVE)

    def _decodes(self, chunk: bytes, *, final: bool = False) -> bool:
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            return False
        return b"\0" not in chunk

    def _mismatch(self, content: str) -> ContentMismatch:
        return ContentMismatch(extension_of(self._name), self._declared, content)


def _is_png(head: bytes) -> bool:
    """The signature, then the chunk IHDR of 13 bytes with its CRC."""
    if not head.startswith(_PNG + b"\0\0\0\rIHDR") or len(head) < len(_PNG) + 25:
        return False
    (crc,) = struct.unpack_from(">I", head, len(_PNG) + 21)
    return bool(zlib.crc32(head[len(_PNG) + 4 : len(_PNG) + 21]) == crc)
