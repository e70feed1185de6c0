"""Rows of a file with posts: what is read, what is wrong with a row, and what ends the reading."""

import tracemalloc
from collections.abc import Iterator

import pytest

from app.kit.queue.problems import RowProblem
from app.posts.commands import PostDraft
from app.posts.csv_rows import MAX_CONTENT, MAX_TITLE, InvalidCsv, Row, rows
from app.posts.views import PostStatus
from app.settings.http import HttpSettings
from versions.registry import VERSIONS

DRAFT, PUBLISHED = PostStatus.DRAFT, PostStatus.PUBLISHED


def read(text: str | bytes, size: int = 7) -> list[Row]:
    body = text.encode() if isinstance(text, str) else text
    return list(rows(body[at : at + size] for at in range(0, len(body), size)))


def draft(title: str, content: str = "", status: PostStatus = DRAFT) -> PostDraft:
    return PostDraft(title=title, content=content, status=status)


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_posts_are_read_from_chunks_of_any_size(size: int) -> None:
    text = (
        '\ufefftitle,content,status\r\nŁódź,"Two\nlines, and ""quotes""",published\r\n\r\nSecond,,\r\nThird,text,draft'
    )
    assert read(text, size) == [
        draft("Łódź", 'Two\nlines, and "quotes"', PUBLISHED),
        draft("Second"),
        draft("Third", "text"),
    ]


def test_line_breaks_within_a_value_stay_as_they_are() -> None:
    assert read('title,content\nA,"one\r\ntwo\rthree\nfour"\n') == [draft("A", "one\r\ntwo\rthree\nfour")]


def test_columns_have_any_order_and_only_the_title_is_needed() -> None:
    assert read("status,title\npublished,A\n") == [draft("A", status=PUBLISHED)]
    assert read("title\nA\nB\n") == [draft("A"), draft("B")]
    assert read("title\n") == []


@pytest.mark.parametrize(
    ("row", "problems"),
    [
        ("A", [("", "wrong_column_count")]),
        ("A,b,draft,more", [("", "wrong_column_count")]),
        (",b,draft", [("/title", "missing")]),
        (f"{'x' * (MAX_TITLE + 1)},b,draft", [("/title", "too_long")]),
        (f"A,{'x' * (MAX_CONTENT + 1)},draft", [("/content", "too_long")]),
        ("A\0,b,draft", [("/title", "invalid_character")]),
        ("A,b\0,draft", [("/content", "invalid_character")]),
        ("A,b,archived", [("/status", "unknown_status")]),
        (",b\0,Draft", [("/title", "missing"), ("/content", "invalid_character"), ("/status", "unknown_status")]),
    ],
)
def test_a_wrong_row_has_its_line_and_columns_and_the_next_row_is_read(
    row: str, problems: list[tuple[str, str]]
) -> None:
    first, last = read(f'title,content,status\n"A\nB",,\n{row}\nlast,,\n')[1:]
    assert last == draft("last")
    assert isinstance(first, list)
    assert all(isinstance(problem, RowProblem) and problem.line == 4 and problem.detail for problem in first)
    assert [(problem.pointer, problem.code) for problem in first] == problems


def test_the_longest_values_are_read() -> None:
    title, content = "ż" * MAX_TITLE, "ż" * MAX_CONTENT
    assert read(f"title,content\n{title},{content}\n", 10_000) == [draft(title, content)]


@pytest.mark.parametrize(
    ("text", "code", "detail"),
    [
        ("", "missing_column", "Line 1: the column 'title' is missing."),
        ("content\nA\n", "missing_column", "Line 1: the column 'title' is missing."),
        ("title,author\nA,b\n", "unknown_column", "Line 1: unknown column 'author'"),
        ("title,title\nA,b\n", "repeated_column", "Line 1: a column is named twice."),
        ('title\nA\n"B"x\n', "malformed_csv", "Line 3: "),
        ('title\nA\n"never closed\n', "malformed_csv", "Line 3: "),
        (f"title\n{'x' * (4 * MAX_CONTENT + 1)}\n", "malformed_csv", "Line 2: "),
        (b"title\nA\n\xff\n", "not_utf8", "After line "),
        ("title\nA\n".encode("utf-16"), "not_utf8", "After line 0"),
    ],
)
def test_a_file_that_cannot_be_read_is_rejected_with_the_line(text: str | bytes, code: str, detail: str) -> None:
    with pytest.raises(InvalidCsv) as caught:
        read(text, 100_000)
    assert caught.value.code == code
    assert caught.value.detail.startswith(detail)


def test_the_limits_are_those_of_every_version() -> None:
    for version in VERSIONS:
        schema = version.build(version, HttpSettings()).openapi()["components"]["schemas"]["PostCreate"]["properties"]
        assert (schema["title"]["maxLength"], schema["content"]["maxLength"]) == (MAX_TITLE, MAX_CONTENT)


def test_memory_does_not_grow_with_the_number_of_rows() -> None:
    def chunks(count: int) -> Iterator[bytes]:
        yield b"title,content\n"
        for _ in range(count):
            yield b"A title,Some content\n" * 1000

    def peak(count: int) -> int:
        tracemalloc.start()
        assert sum(1 for _ in rows(chunks(count))) == count * 1000
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1)
    assert peak(100) < 1.5 * peak(10)
