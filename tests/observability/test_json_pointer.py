"""JSON pointers: the examples of RFC 6901, and a round trip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.json_pointer import format_pointer, parse_pointer


@pytest.mark.parametrize(
    ("steps", "pointer"),
    [((), ""), (("foo", 0), "/foo/0"), (("",), "/"), (("a/b",), "/a~1b"), (("m~n",), "/m~0n"), (("~1",), "/~01")],
)
def test_examples_of_the_rfc(steps: tuple[str | int, ...], pointer: str) -> None:
    assert format_pointer(steps) == pointer
    assert parse_pointer(pointer) == tuple(map(str, steps))


@given(st.lists(st.text()))
def test_parsing_reverses_formatting(steps: list[str]) -> None:
    assert list(parse_pointer(format_pointer(steps))) == steps
