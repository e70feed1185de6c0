"""Reads posts from a file with comma-separated values (RFC 4180) in constant memory.

The first row names the columns: ``title`` and, optionally, ``content`` and ``status``. The text is UTF-8.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import BufferedReader, RawIOBase, TextIOWrapper
from typing import Final

from app.kit.queue.problems import RowProblem
from app.posts.commands import PostDraft
from app.posts.views import PostStatus

MAX_TITLE: Final = 200
MAX_CONTENT: Final = 100_000
"""In code points, as in every version."""
_TITLE, _CONTENT, _STATUS = "title", "content", "status"
_COLUMNS: Final = (_TITLE, _CONTENT, _STATUS)
_STATUSES: Final = {status.value: status for status in (PostStatus.DRAFT, PostStatus.PUBLISHED)}
_BUFFER_BYTES: Final = 1024 * 1024
_MAX_FIELD: Final = 4 * MAX_CONTENT
"""Characters that are read of one value."""

Row = PostDraft | list[RowProblem]


class InvalidCsv(Exception):
    """The file as a whole cannot be read. ``detail`` names the line."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def rows(chunks: Iterable[bytes]) -> Iterator[Row]:
    """Yield the post of each row, or what is wrong with the row. Rows without a value are skipped.

    Raises ``InvalidCsv``: after a wrong quote, nobody can tell where the next row begins.
    """
    csv.field_size_limit(_MAX_FIELD)  # of the process; nothing else reads such files
    text = TextIOWrapper(BufferedReader(_Chunks(chunks), _BUFFER_BYTES), encoding="utf-8-sig", newline="")
    reader = csv.reader(text, strict=True)
    try:
        columns = _checked_columns(next(reader, []))
        for values in reader:
            if values:
                yield _post(columns, values, reader.line_num)
    except csv.Error as error:
        raise InvalidCsv("malformed_csv", f"Line {reader.line_num}: {error}.") from error
    except UnicodeDecodeError as error:
        raise InvalidCsv("not_utf8", f"After line {reader.line_num}: the text is not UTF-8.") from error


class _Chunks(RawIOBase):
    """Chunks of bytes as a file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # what BufferedReader passes
        while not self._rest:
            if (chunk := next(self._chunks, None)) is None:
                return 0
            self._rest = memoryview(chunk)
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _checked_columns(names: Sequence[str]) -> Sequence[str]:
    if unknown := sorted(set(names) - set(_COLUMNS)):
        detail = f"Line 1: unknown column {unknown[0]!r}; the columns are {', '.join(_COLUMNS)}."
        raise InvalidCsv("unknown_column", detail)
    if len(set(names)) < len(names):
        raise InvalidCsv("repeated_column", "Line 1: a column is named twice.")
    if _TITLE not in names:
        raise InvalidCsv("missing_column", f"Line 1: the column {_TITLE!r} is missing.")
    return names


def _post(columns: Sequence[str], values: Sequence[str], line: int) -> Row:
    if len(values) != len(columns):
        detail = f"The row has {len(values)} values for {len(columns)} columns."
        return [RowProblem(line, "", "wrong_column_count", detail)]
    row = dict(zip(columns, values, strict=True))
    title, content, status = row[_TITLE], row.get(_CONTENT, ""), row.get(_STATUS) or PostStatus.DRAFT.value
    problems = list(_problems(line, title, content, status))
    return problems or PostDraft(title=title, content=content, status=_STATUSES[status])


def _problems(line: int, title: str, content: str, status: str) -> Iterator[RowProblem]:
    if not title:
        yield RowProblem(line, f"/{_TITLE}", "missing", "A post needs a title.")
    if len(title) > MAX_TITLE:
        yield RowProblem(line, f"/{_TITLE}", "too_long", f"A title has at most {MAX_TITLE} characters.")
    if "\0" in title:
        yield RowProblem(line, f"/{_TITLE}", "invalid_character", "Text cannot contain NUL.")
    if len(content) > MAX_CONTENT:
        yield RowProblem(line, f"/{_CONTENT}", "too_long", f"A content has at most {MAX_CONTENT} characters.")
    if "\0" in content:
        yield RowProblem(line, f"/{_CONTENT}", "invalid_character", "Text cannot contain NUL.")
    if status not in _STATUSES:
        yield RowProblem(line, f"/{_STATUS}", "unknown_status", f"The status is one of {', '.join(_STATUSES)}.")
