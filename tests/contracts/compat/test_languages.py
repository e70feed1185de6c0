"""Patterns are compared by the texts that they accept."""

import re
import time
from contextlib import suppress
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.compat import diff
from contracts.compat.catalogue.change import Context
from contracts.compat.languages import Undecidable, text_outside
from tests.contracts.compat.documents import at, body, with_request

WORDS = ["id", "title", "content", "created_at"]


def words(*names: str, sign: str = "", many: bool = True) -> str:
    name = f"{sign}({'|'.join(names)})"
    return f"^{name}(,{name})*$" if many else f"^{name}$"


@pytest.mark.parametrize("many", [True, False])
@pytest.mark.parametrize("place", ["request-parameter", "request-body", "response-body"])
def test_more_words_are_safe_where_the_client_sends_them_and_fewer_where_it_receives_them(
    place: str, *, many: bool
) -> None:
    fewer, more = words(*WORDS, many=many), words("subtitle", *WORDS, many=many)

    def document(pattern: str) -> Any:
        return at(Context(place), {"type": "string", "pattern": pattern, "maxLength": 300})

    grown, shrunk = diff(document(fewer), document(more)), diff(document(more), document(fewer))
    safe, breaking = (shrunk, grown) if place == "response-body" else (grown, shrunk)
    assert [finding.severity.value for finding in safe] == ["safe"]
    assert [finding.severity.value for finding in breaking] == ["breaking"]
    assert [finding.rule.rpartition("-")[2] for finding in grown] == ["widened"]
    assert [finding.rule.rpartition("-")[2] for finding in shrunk] == ["narrowed"]


def test_the_same_words_in_another_spelling_change_nothing() -> None:
    old, new = ({"type": "string", "pattern": one} for one in ("^(a|b|c)$", "^[a-b]$|^c$"))
    assert diff(with_request(body(old)), with_request(body(new))).findings == ()


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (words(*WORDS), words(*WORDS, "subtitle"), None),
        (words(*WORDS, "subtitle"), words(*WORDS), "subtitle"),
        (words(*WORDS, sign="-?"), words(*WORDS), "-id"),
        (words(*WORDS, many=False), words(*WORDS), None),
        (words(*WORDS), words(*WORDS, many=False), "id,id"),
        ("^a", "^b", "a"),
        ("1", "^[^2]*$", "21"),
        ("^a$|^b", "^[ab]", None),
        ("(^a|b$)", "^a", "b"),
        (r"^\d{1,3}$", "^[0-9]+$", None),
        ("^[0-9]+$", r"^\d{1,3}$", "0000"),
        (r"^\w\W\D\S$", r"^[A-Za-z0-9_][^A-Za-z0-9_][^0-9][^\s]$", None),
        (".*", r"^[^\x00]*$", "\x00"),
        ("^.$", "^[^\n]$", None),
        ("^[^\n]$", "^.$", "\r"),
        ("^(a|b|)$", "^(a|b)$", ""),
        ("^(https?|ftp)://", "^[a-z]+:", None),
        ("^[a-z]{1,300}$", "^[a-z0-9]{1,400}$", None),
        ("^[a-z]{2,}?$", "^[a-z]{3,}$", "aa"),
        ("^[^a]$", "^[b]$", "\x00"),
    ],
)
def test_a_shortest_text_that_only_one_pattern_accepts_is_found(part: str, whole: str, text: str | None) -> None:
    assert text_outside(part, whole) == text


@pytest.mark.parametrize(
    "pattern",
    [
        "^(?!a)b$",
        r"^(a)\1$",
        "(?i)a",
        r"\ba",
        "[",
        "^[]a]$",
        "^a{,3}$",
        r"\Aa",
        r"\p{L}",
        "a{9999999}",
        "(){999999999}",
    ],
)
def test_what_is_not_regular_or_reads_differently_in_python_is_not_decided(pattern: str) -> None:
    with pytest.raises(Undecidable):
        text_outside(pattern, "a")
    with pytest.raises(Undecidable):
        text_outside("a", pattern)


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        ("^(a|b)*$", "(a|b)*a(a|b){14}$"),
        ("^((a{60}){60}){60}$", "^a*$"),
        ("^" + "(^|a)" * 40 + "$", "^a*$"),
        ("^((((){4000}){4000}){4000})$", "^a*$"),
    ],
)
def test_large_patterns_end_in_bounded_time(part: str, whole: str) -> None:
    start = time.process_time()
    with suppress(Undecidable):
        text_outside(part, whole)
    assert time.process_time() - start < 6


PATTERNS = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", ""]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("({0[0]}|{0[1]})".format),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}"])).map("({0[0]}){0[1]}".format),
    ),
    max_leaves=6,
)
ANCHORED = st.tuples(st.sampled_from(["^", ""]), PATTERNS, st.sampled_from(["$", ""])).map(
    "{0[0]}({0[1]}){0[2]}".format
)
TEXTS = ["".join(letters) for length in range(5) for letters in product("abc", repeat=length)]


@given(part=ANCHORED, whole=ANCHORED)
def test_the_decision_agrees_with_the_regular_expressions(part: str, whole: str) -> None:
    text = text_outside(part, whole)
    # `$` of Python also matches before a line break at the end.
    part, whole = (one.replace("$", r"\Z") for one in (part, whole))
    if text is None:
        assert not [one for one in TEXTS if re.search(part, one) and not re.search(whole, one)]
    else:
        assert re.search(part, text)
        assert not re.search(whole, text)
