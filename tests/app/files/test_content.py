"""Which content satisfies the rule of its type, and what is wrong with other content. The limits of archives."""

import io
import struct
import zipfile
from collections.abc import Iterable

import pytest

from app.files import archives
from app.files.archives import NotTheArchive, check_archive
from app.files.content import HEAD_BYTES, TAIL_BYTES, ContentCheck
from app.files.errors import ContentMismatch, FileTooLarge, StorageLimitReached, UnsafeContent
from app.files.receiving import ensure_size
from app.files.types import CSV, DOCX, JPEG, PDF, PNG, XLSX, FileType
from tests.support.uploads import SHEET_MAIN, archive, docx, jpeg, pdf, png, types, xlsx

CONTENT = {PNG: png(), JPEG: jpeg(), PDF: pdf(), DOCX: docx(), XLSX: xlsx(), CSV: "Łupek,1\n".encode()}
LONG = b"x" * (HEAD_BYTES + TAIL_BYTES)


def feed(kind: FileType, parts: Iterable[bytes]) -> ContentCheck:
    check = ContentCheck(f"a{kind.extensions[0]}", kind, kind.media_type)
    for part in parts:
        check.feed(part)
    return check


def found_in(kind: FileType, content: bytes) -> str:
    """What the error for a content says that it is."""
    with pytest.raises(ContentMismatch) as raised:
        feed(kind, [content]).ensure_valid()
    return raised.value.message


@pytest.mark.parametrize("kind", CONTENT, ids=lambda kind: kind.extensions[0])
def test_a_rule_holds_however_the_content_is_cut(kind: FileType) -> None:
    content = CONTENT[kind]
    middle = len(content) - 8
    padded = content if kind in {CSV, DOCX, XLSX} else content[:middle] + LONG + content[middle:]
    whole = content if kind is PNG else padded
    for size in (1, 3, len(whole)):
        feed(kind, (whole[at : at + size] for at in range(0, len(whole), size))).ensure_valid()
    assert feed(kind, [content]).is_archive is (kind in {DOCX, XLSX})


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (JPEG, b"\xff\xd8\xff" + LONG),
        (JPEG, b"x\xff\xd8\xff\xff\xd9"),
        (PDF, b"%PDF-1.7" + LONG),
        (PDF, b"%PDF-2.0\n%%EOF"),
        (PDF, b"%PDF-1.7\n%%EOF" + b"x" * TAIL_BYTES),
        (PNG, png()[:32]),
        (PNG, png()[:-1] + b"\0"),
        (PNG, png().replace(b"IHDR", b"IDAT")),
        (CSV, "Łupek".encode()[:1]),
        (CSV, b"a\0b"),
        (CSV, b"\xff\xfe"),
        (DOCX, b"PK"),
    ],
)
def test_content_that_breaks_its_rule(kind: FileType, content: bytes) -> None:
    with pytest.raises(ContentMismatch):
        feed(kind, [content]).ensure_valid()
    with pytest.raises(ContentMismatch):
        feed(kind, [content[:1], content[1:]]).ensure_valid()


def test_text_that_is_invalid_early_stays_invalid() -> None:
    with pytest.raises(ContentMismatch):
        feed(CSV, [b"\xff", b"text"]).ensure_valid()


@pytest.mark.parametrize(
    ("kind", "content", "name"),
    [
        (PNG, jpeg(), "image/jpeg"),
        (JPEG, png(), "image/png"),
        (JPEG, pdf(), "application/pdf"),
        (PDF, docx(), "a ZIP archive"),
        (PDF, b"\xd0\xcf\x11\xe0", "an OLE document"),
        (PDF, b"MZ", "a program"),
        (PDF, b"\x7fELF", "a program"),
        (PDF, b"text", "of another type"),
        (CSV, b"text\0", "of another type"),
        (PNG, png()[:20], "a damaged image/png"),
    ],
)
def test_an_error_says_what_the_content_is(kind: FileType, content: bytes, name: str) -> None:
    assert name in found_in(kind, content)


@pytest.mark.parametrize(
    ("kind", "declared", "agrees"),
    [
        *((kind, kind.media_type, True) for kind in CONTENT),
        *((kind, unknown, True) for kind in CONTENT for unknown in ("", "application/octet-stream")),
        (JPEG, "image/jpg", True),
        (JPEG, "image/pjpeg", True),
        (CSV, "application/csv", True),
        (CSV, "application/vnd.ms-excel", True),
        (PNG, "image/jpeg", False),
        (CSV, "text/html", False),
    ],
)
def test_the_declared_type_agrees_with_the_extension(kind: FileType, declared: str, *, agrees: bool) -> None:
    check = ContentCheck(f"a{kind.extensions[0]}", kind, declared)
    if agrees:
        check.ensure_declared()
        return
    with pytest.raises(ContentMismatch, match="not read"):
        check.ensure_declared()


def test_a_size_may_reach_its_limits() -> None:
    ensure_size(5, room=5, max_bytes=5)
    with pytest.raises(FileTooLarge):
        ensure_size(6, room=6, max_bytes=5)
    with pytest.raises(StorageLimitReached):
        ensure_size(6, room=5, max_bytes=6)


def checked(content: bytes, kind: FileType = DOCX) -> None:
    check_archive(io.BytesIO(content), len(content), kind)


def with_comment(size: int) -> bytes:
    made = io.BytesIO(docx())
    with zipfile.ZipFile(made, "a") as changed:
        changed.comment = b"c" * size
    return made.getvalue()


def test_an_archive_may_reach_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    checked(docx())
    checked(xlsx(), XLSX)
    checked(with_comment(65_535))
    checked(docx({"word/a..b/...": b"", "word/..c": b""}))
    entries = {"word/a": b"", "word/b": b""}
    limits = {
        "MAX_ENTRIES": (4, docx(entries)),
        "MAX_UNPACKED_BYTES": (len(types("x")) + 4, archive({"[Content_Types].xml": types("x"), "a": b"<w/>"})),
        "MAX_TYPES_BYTES": (len(types("x")), archive({"[Content_Types].xml": types("x")})),
    }
    monkeypatch.setitem(archives._MAIN, DOCX, b"Override")
    for name, (most, content) in limits.items():
        with monkeypatch.context() as limited:
            limited.setattr(archives, name, most)
            checked(content)
            limited.setattr(archives, name, most - 1)
            with pytest.raises(UnsafeContent):
                checked(content)
    assert (archives.MAX_ENTRIES, archives.MAX_UNPACKED_BYTES, archives.MAX_RATIO) == (2_000, 100_000_000, 100)
    assert (archives.MAX_DIRECTORY_BYTES, archives.MAX_TYPES_BYTES) == (1_000_000, 1_000_000)


def test_the_ratio_of_sizes_has_a_limit() -> None:
    content = docx({"word/media.bin": b"\0" * 50_000})
    unpacked = sum(entry.file_size for entry in zipfile.ZipFile(io.BytesIO(content)).infolist())
    for size in (unpacked // archives.MAX_RATIO + 1, unpacked // archives.MAX_RATIO):
        if size * archives.MAX_RATIO < unpacked:
            with pytest.raises(UnsafeContent):
                archives._ensure_harmless(zipfile.ZipFile(io.BytesIO(content)), size)
        else:
            archives._ensure_harmless(zipfile.ZipFile(io.BytesIO(content)), size)


def test_a_directory_that_is_too_large_is_not_read() -> None:
    entries = {f"word/{'a' * 60_000}{number}": b"" for number in range(20)}
    with pytest.raises(UnsafeContent, match="2,000 entries"):
        checked(docx(entries))


def test_an_earlier_record_does_not_hide_the_size_of_a_directory() -> None:
    """The library reads the directory that the last record describes."""
    small = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 50, 0, 0)
    made = io.BytesIO(docx())
    with zipfile.ZipFile(made, "a") as changed:
        for number in range(20):
            entry = zipfile.ZipInfo(f"word/{'a' * 60_000}{number}")
            entry.comment = small
            changed.writestr(entry, b"")
    with pytest.raises(UnsafeContent, match="2,000 entries"):
        checked(made.getvalue())


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("/a", "outside"),
        ("\\a", "outside"),
        ("C:a", "outside"),
        ("a/../b", "outside"),
        ("a\\..\\b", "outside"),
        ("word/vbaProject.bin", "macros"),
        ("word/VBAPROJECT.BIN", "macros"),
    ],
)
def test_names_in_an_archive(name: str, what: str) -> None:
    with pytest.raises(UnsafeContent, match=what):
        checked(docx({name: b""}))


def with_unknown_compression() -> bytes:
    made = bytearray(docx())
    made[made.index(b"PK\x01\x02") + 10] = 99
    return bytes(made)


def with_damaged_compression() -> bytes:
    """The list of types comes first, its data after a head of 30 bytes and its name."""
    made = bytearray(docx())
    made[30 + len("[Content_Types].xml")] = 0xFF
    return bytes(made)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "a damaged ZIP archive"),
        (docx()[:-5], "a damaged ZIP archive"),
        (with_unknown_compression(), "a damaged ZIP archive"),
        (with_damaged_compression(), "a damaged ZIP archive"),
        (b"PK\x05\x06", "a damaged ZIP archive"),
        (archive({"a": b""}), "a ZIP archive$"),
        (docx(main=SHEET_MAIN), "a ZIP archive of another kind"),
    ],
)
def test_what_an_archive_is_instead(content: bytes, what: str) -> None:
    with pytest.raises(NotTheArchive, match=what):
        checked(content)


def test_a_list_of_types_with_macros_is_unsafe() -> None:
    with pytest.raises(UnsafeContent, match="macros"):
        checked(docx(main="application/vnd.ms-word.document.MacroEnabled.main+xml"))
