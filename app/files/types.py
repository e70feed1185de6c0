"""The types of files that users may upload, and the names that files may have."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from app.files.errors import FileTypeNotAllowed, InvalidFileName

MAX_NAME_BYTES: Final = 255
_UNDECLARED: Final = frozenset({"", "application/octet-stream"})
"""What clients send that do not know the type."""
_HIDDEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDIRECTIONAL: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They let a name read differently from its letters: ``exe.jpg`` for ``gpj.exe``."""


@dataclass(frozen=True, slots=True)
class FileType:
    """A type with its extensions, and other media types that clients declare for it."""

    media_type: str
    extensions: tuple[str, ...]
    aliases: frozenset[str] = frozenset()

    def agrees(self, declared: str) -> bool:
        """Whether a declared media type means this type, or nothing."""
        return declared in _UNDECLARED or declared == self.media_type or declared in self.aliases


_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
JPEG: Final = FileType("image/jpeg", (".jpg", ".jpeg"), frozenset({"image/jpg", "image/pjpeg"}))
PNG: Final = FileType("image/png", (".png",))
PDF: Final = FileType("application/pdf", (".pdf",))
DOCX: Final = FileType(f"{_OFFICE}.wordprocessingml.document", (".docx",))
XLSX: Final = FileType(f"{_OFFICE}.spreadsheetml.sheet", (".xlsx",))
# Browsers on Windows declare the type of the program that opens the extension.
CSV: Final = FileType("text/csv", (".csv",), frozenset({"application/csv", "application/vnd.ms-excel"}))
DOCUMENTS: Final = (JPEG, PNG, PDF, DOCX, XLSX)


def type_of(name: str, accepted: Sequence[FileType]) -> FileType:
    """The type that the last extension of a name stands for. Raises ``FileTypeNotAllowed``."""
    extension = extension_of(name)
    for kind in accepted:
        if extension in kind.extensions:
            return kind
    raise FileTypeNotAllowed(name, ", ".join(extension for kind in accepted for extension in kind.extensions))


def extension_of(name: str) -> str:
    """The last extension of a name in lower case, with its dot; empty if it has none."""
    return PurePosixPath(name).suffix.lower()


def clean_name(given: str) -> str:
    """The last segment of a path, without characters that hide or reorder others. Raises ``InvalidFileName``."""
    segment = given.replace("\\", "/").rpartition("/")[2]
    shown = "".join(
        character
        for character in unicodedata.normalize("NFC", segment)
        if unicodedata.category(character) not in _HIDDEN and character not in _BIDIRECTIONAL
    )
    name = shown.strip().rstrip(" .")
    if not name or len(name.encode()) > MAX_NAME_BYTES:
        raise InvalidFileName
    return name
