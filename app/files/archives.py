"""Rules for DOCX and XLSX files, which are ZIP archives: no bombs, no macros, no names that lead elsewhere.

Only the directory and ``[Content_Types].xml`` are read. The sizes in a directory can be false, so a feature that
unpacks an archive counts for itself.
"""

import struct
import zipfile
import zlib
from typing import IO, Final

from app.files.errors import UnsafeContent
from app.files.types import DOCX, XLSX, FileType

MAX_ENTRIES: Final = 2_000
MAX_UNPACKED_BYTES: Final = 100_000_000
MAX_RATIO: Final = 100
MAX_DIRECTORY_BYTES: Final = 1_000_000
MAX_TYPES_BYTES: Final = 1_000_000
_TYPES: Final = "[Content_Types].xml"
_END: Final = b"PK\x05\x06"
_END_FIELDS: Final = struct.Struct("<4s4H2LH")
_LONGEST_COMMENT: Final = 65_535
_ENCRYPTED: Final = 0x1
_MAIN: Final = {
    DOCX: b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    XLSX: b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
}
_PROBLEMS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OverflowError,
    ValueError,
    NotImplementedError,
)
"""What the library raises for damaged archives."""


class NotTheArchive(Exception):
    """The archive is damaged or of another kind. The text says what it is."""


def check_archive(file: IO[bytes], size: int, kind: FileType) -> None:
    """Raise ``NotTheArchive`` or ``UnsafeContent``. ``size`` is that of the whole file, in bytes."""
    try:
        _ensure_small_directory(file, size)
        with zipfile.ZipFile(file) as archive:
            _ensure_harmless(archive, size)
            types = _types(archive)
    except _PROBLEMS:
        message = "a damaged ZIP archive"
        raise NotTheArchive(message) from None
    if b"macroenabled" in types.lower():
        raise _unsafe("macros")
    if _MAIN[kind] not in types:
        message = "a ZIP archive of another kind"
        raise NotTheArchive(message)


def _ensure_small_directory(file: IO[bytes], size: int) -> None:
    """The library reads a directory as a whole."""
    file.seek(max(0, size - _LONGEST_COMMENT - _END_FIELDS.size))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0:
        raise zipfile.BadZipFile
    _, _, _, _, entries, directory, _, _ = _END_FIELDS.unpack_from(tail, at)
    if entries > MAX_ENTRIES or directory > MAX_DIRECTORY_BYTES:
        raise _unsafe(f"more than {MAX_ENTRIES:,} entries")


def _ensure_harmless(archive: zipfile.ZipFile, size: int) -> None:
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES:
        raise _unsafe(f"more than {MAX_ENTRIES:,} entries")
    if unpacked > MAX_UNPACKED_BYTES or unpacked > MAX_RATIO * size:
        raise _unsafe(f"entries of {unpacked:,} bytes in a file of {size:,}")
    for entry in entries:
        # The library replaces separators in ``filename``.
        name = entry.orig_filename.replace("\\", "/")
        if entry.flag_bits & _ENCRYPTED:
            raise _unsafe("encrypted entries")
        if name.startswith("/") or ":" in name or ".." in name.split("/"):
            raise _unsafe("entries outside of its folder")
        if name.lower().endswith("vbaproject.bin"):
            raise _unsafe("macros")


def _types(archive: zipfile.ZipFile) -> bytes:
    if _TYPES not in archive.NameToInfo:
        message = "a ZIP archive"
        raise NotTheArchive(message)
    with archive.open(_TYPES) as file:
        types = file.read(MAX_TYPES_BYTES + 1)
    if len(types) > MAX_TYPES_BYTES:
        raise _unsafe("a list of types of more than 1 MB")
    return types


def _unsafe(what: str) -> UnsafeContent:
    return UnsafeContent(f"The document contains {what}, which this service does not store.")
