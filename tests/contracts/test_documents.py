"""The form of the documents, and their comparisons within one command."""

import copy
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts import comparisons
from contracts.comparisons import compared
from contracts.documents import canonical_json
from tests.contracts.commands import Json

TODAY = date(2026, 1, 1)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([1e-4, 1e-5, 1.5e-7, 1e16, 2**63, 2**64])
    | st.text()
)


def nested(levels: int) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for _ in range(levels):
        document = {"items": document}
    return document


@settings(max_examples=30)
@given(st.dictionaries(st.text(), SCALARS | st.lists(SCALARS)))
@example({"multipleOf": 1e-05})
@example({"multipleOf": 1.5e-07, "maximum": 1e16})
@example({"maximum": 2**64})
@example({"é\u2028\x7f\x00": ["\ud800", {}, []]})
@example(nested(300))
def test_a_document_has_sorted_keys_and_the_numbers_and_texts_of_the_json_module(document: dict[str, Any]) -> None:
    expected = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert canonical_json(document) == expected


def schema(maximum: int) -> Json:
    parameter = {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": maximum}}
    operation = {"parameters": [parameter], "responses": {"200": {"description": "Found."}}}
    return {"openapi": "3.1.0", "info": {"title": "A", "version": "1"}, "paths": {"/posts": {"get": operation}}}


def test_equal_documents_are_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    diff = comparisons.diff
    monkeypatch.setattr(
        comparisons, "diff", lambda *documents, **options: calls.append(1) or diff(*documents, **options)
    )
    reports = [compared(copy.deepcopy(schema(900_001)), schema(900_002), TODAY) for _ in range(3)]
    assert len(calls) == 1
    assert reports[0].findings
    assert reports == [reports[0]] * 3


def test_a_document_that_its_caller_changes_is_compared_again() -> None:
    old, new = schema(10), schema(20)
    safe = compared(old, new, TODAY)
    before = safe.to_dict()
    assert not safe.breaks
    new["paths"]["/posts"]["get"]["parameters"][0]["schema"]["maximum"] = 5
    assert compared(old, new, TODAY).breaks
    assert safe.to_dict() == before


def test_the_day_and_the_pairs_of_operations_belong_to_a_comparison() -> None:
    old, new = schema(10), schema(10)
    old["paths"]["/posts"]["get"] |= {"deprecated": True, "x-sunset": "2026-06-01"}
    new["paths"]["/articles"] = new["paths"].pop("/posts")
    assert compared(old, new, TODAY).breaks
    assert not compared(old, new, date(2026, 7, 1)).breaks, "the sunset has passed"
    assert compared(old, new, TODAY, {"GET /posts": "GET /articles"}) != compared(old, new, TODAY)


def test_numbers_that_python_calls_equal_differ_in_a_comparison() -> None:
    old, new = schema(1), schema(1)
    for document, default in ((old, 1), (new, True)):
        document["paths"]["/posts"]["get"]["parameters"][0]["schema"] = {"default": default}
    assert old == new
    assert compared(old, new, TODAY).findings


def test_a_document_with_a_number_of_more_than_64_bits_is_compared() -> None:
    assert compared(schema(2**65), schema(2**64), TODAY).breaks
