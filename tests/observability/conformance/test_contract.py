"""Conforming exchanges have no violations; violations have a location and a keyword, and never a value."""

import json
from typing import Any

import pytest

from observability.conformance.contract import Contract
from observability.conformance.exchange import Exchange
from tests.support.exchanges import DOCUMENT, GOOD, exchange

LISTED = {"answer": [GOOD], "answered": {"x-total": "1"}}
GOT = {"answer": GOOD}
PROBLEM = {"content-type": "application/problem+json"}
SENT = {"name": "abc"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
EMPTY = {"content-type": ""}


@pytest.fixture
def contract() -> Contract:
    return Contract(DOCUMENT, "/api/v9")


def violations_of(contract: Contract, given: Exchange) -> list[tuple[str, str, str, str]]:
    result = contract.check(given)
    assert result is not None
    return [(found.direction, found.rule, found.keyword, found.pointer) for found in result.violations]


def repeated(given: Exchange, name: str, value: str) -> Exchange:
    """The exchange with another value of a header before its own: the last one counts."""
    return given._replace(response_headers=[(name.encode(), value.encode()), *given.response_headers])


@pytest.mark.parametrize(
    "given",
    [
        exchange("GET /items", **LISTED),
        exchange("GET /items", "/items?limit=10&ids=1&ids=2&few=a,b&flag=true&unknown=x", **LISTED),
        exchange("GET /items", f"/items?{'a=%ff&' * 3000}", **LISTED),
        exchange("GET /items", headers={"x-shop": "north", "cookie": "seat=abc; other=1"}, **LISTED),
        exchange("GET /items", status=418, answer={}, answered=PROBLEM),
        exchange("HEAD /items", answered={"x-total": "1"}),
        exchange("GET /items/{item}", "/items/7", **GOT),
        exchange("GET /items/{item}", "/items/7", 304, answered=EMPTY),
        exchange("GET /items/{item}", "/items/7", answer={**GOOD, "kind": {"word": "a"}, "extra": 1}),
        exchange("POST /items", status=201, sent=SENT, answer=GOOD),
        exchange("POST /items", status=201, sent={**SENT, "id": 1, "secret": "s"}, answer=GOOD),
        exchange("POST /items", status=422, sent={"name": "much too long"}, answered=EMPTY),
        exchange("POST /forms", status=204, sent=b"age=7&tags=a&tags=b", headers=FORM, answered=EMPTY),
        exchange("POST /forms", status=204, headers=EMPTY, answered=EMPTY),
        repeated(exchange("GET /items", **LISTED), "content-type", "text/html"),
    ],
    ids=lambda given: f"{given.method} {given.path}?{given.query.decode()[:40]} {given.status}",
)
def test_conforming_exchange_has_no_violation(contract: Contract, given: Exchange) -> None:
    assert violations_of(contract, given) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (exchange("DELETE /items"), ("response", "operation", "", "")),
        (exchange("GET /items/{item}", "/items/7", 500), ("response", "status", "", "")),
        (exchange("GET /items", answer=[GOOD]), ("response", "header", "required", "/header/X-Total")),
        (
            exchange("GET /items", answer=[GOOD], answered={"x-total": "many"}),
            ("response", "header", "type", "/header/X-Total"),
        ),
        (exchange("HEAD /items"), ("response", "header", "required", "/header/X-Total")),
        (exchange("GET /items", status=404, answer={}), ("response", "media_type", "", "")),
        (exchange("GET /items/{item}", "/items/7", answered=EMPTY), ("response", "media_type", "", "")),
        (exchange("GET /items/{item}", "/items/7", answer=b"{"), ("response", "body", "json", "/body")),
        (
            exchange("GET /items/{item}", "/items/7", answer={**GOOD, "name": 7}),
            ("response", "body", "type", "/body/name"),
        ),
        (exchange("GET /items/{item}", "/items/7", answer=b"[" * 9000), ("response", "body", "json", "/body")),
        (
            exchange("GET /items/{item}", "/items/7", answer={**GOOD, "made": "yesterday"}),
            ("response", "body", "format", "/body/made"),
        ),
        (
            exchange("GET /items/{item}", "/items/7", answer={**GOOD, "owner": "nobody"}),
            ("response", "body", "format", "/body/owner"),
        ),
        (
            exchange("GET /items/{item}", "/items/7", answer={**GOOD, "secret": "written, never read"}),
            ("response", "body", "falseSchema", "/body/secret"),
        ),
        (
            exchange("GET /items/{item}", "/items/7", answer={**GOOD, "parts": [GOOD, {**GOOD, "name": "too long"}]}),
            ("response", "body", "maxLength", "/body/parts/1/name"),
        ),
        (
            exchange("GET /items/{item}", "/items/7", answer={**GOOD, "kind": {"word": "b"}}),
            ("response", "body", "const", "/body/kind/word"),
        ),
        (
            exchange("GET /items/{item}", "/items/7", answer={**GOOD, "ada@example.com": "hers"}),
            ("response", "body", "type", "/body/*"),
        ),
        (exchange("GET /items/{item}", "/items/0", **GOT), ("request", "path", "minimum", "/path/item")),
        (exchange("GET /items/{item}", "/items/07", **GOT), ("request", "path", "type", "/path/item")),
        (exchange("GET /items", "/items?limit=11", **LISTED), ("request", "query", "maximum", "/query/limit")),
        (exchange("GET /items", f"/items?limit={'7' * 400}", **LISTED), ("request", "query", "type", "/query/limit")),
        (exchange("GET /items", "/items?limit=", **LISTED), ("request", "query", "type", "/query/limit")),
        (exchange("GET /items", "/items?ids=1&ids=x", **LISTED), ("request", "query", "type", "/query/ids/1")),
        (exchange("GET /items", "/items?few=a,b,c", **LISTED), ("request", "query", "maxItems", "/query/few")),
        (exchange("GET /items", "/items?few=a,b&few=c", **LISTED), ("request", "query", "maxItems", "/query/few")),
        (exchange("GET /items", "/items?flag=yes", **LISTED), ("request", "query", "type", "/query/flag")),
        (
            exchange("GET /items", headers={"x-shop": "west"}, **LISTED),
            ("request", "header", "enum", "/header/X-Shop"),
        ),
        (
            exchange("GET /items", headers={"cookie": "seat=7"}, **LISTED),
            ("request", "cookie", "pattern", "/cookie/seat"),
        ),
        (exchange("POST /items", status=201, answer=GOOD), ("request", "body", "required", "/body")),
        (
            exchange("POST /items", status=201, sent={}, answer=GOOD),
            ("request", "body", "required", "/body"),
        ),
        (
            exchange("POST /items", status=201, sent=b"a", headers={"content-type": "text/plain"}, answer=GOOD),
            ("request", "media_type", "", ""),
        ),
        (
            exchange("POST /forms", status=204, sent=b"age=old", headers=FORM, answered=EMPTY),
            ("request", "body", "type", "/body/age"),
        ),
    ],
    ids=lambda value: "" if isinstance(value, Exchange) else " ".join(value),
)
def test_violation_is_reported(contract: Contract, given: Exchange, expected: tuple[str, str, str, str]) -> None:
    assert violations_of(contract, given) == [expected]


def test_documentation_pages_are_not_checked(contract: Contract) -> None:
    assert contract.check(exchange("GET /docs", answered={"content-type": "text/html"})) is None
    assert contract.check(exchange("DELETE /items", status=405)) is None


def test_rejected_request_is_not_checked(contract: Contract) -> None:
    refused = contract.check(exchange("POST /items", status=422, sent={"name": "much too long"}, answered=EMPTY))
    assert refused is not None
    assert refused.checked == ("response",)
    accepted = contract.check(exchange("POST /items", status=201, sent=SENT, answer=GOOD))
    assert accepted is not None
    assert (accepted.checked, accepted.operation) == (("response", "request"), "items.create")


def test_violation_points_to_the_keyword_in_the_contract(contract: Contract) -> None:
    result = contract.check(exchange("GET /items", answer=[{**GOOD, "name": "too long"}], answered={"x-total": "1"}))
    assert result is not None
    [violation] = result.violations
    found: Any = DOCUMENT
    for step in violation.schema.split("/")[1:]:
        found = found[step]
    assert found == 5


def test_same_error_in_every_item_is_one_violation(contract: Contract) -> None:
    wrong = [{**GOOD, "name": "too long"}] * 50
    assert len(violations_of(contract, exchange("GET /items", answer=wrong, answered={"x-total": "1"}))) == 1


def test_circular_references_are_rejected() -> None:
    circle = {"$ref": "#/components/parameters/A"}
    document = {
        "paths": {"/a": {"get": {"parameters": [circle], "responses": {}}}},
        "components": {"parameters": {"A": circle}},
    }
    with pytest.raises(ValueError, match="circular"):
        Contract(json.loads(json.dumps(document)), "/api/v9").check(exchange("GET /a"))
