"""Which exchanges violate a contract: bodies, parameters and headers as they are transmitted."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from observability.conformance.contract import Contract
from observability.conformance.exchange import BodyBuffer, Exchange
from observability.conformance.schemas import is_address, pointer
from tests.support.exchanges import Json, content, exchange, parameter


def checked(document: Json, given: Exchange) -> list[tuple[str, str, str, str, str]]:
    result = Contract(json.loads(json.dumps(document)), "/api/v9").check(given)
    assert result is not None
    return [(one.direction, one.rule, one.keyword, one.pointer, one.schema) for one in result.violations]


def operation(**parts: Any) -> Json:
    return {"paths": {"/a/{id}": {"post": {"responses": {"default": {}}, **parts}}}}


PLAIN = {"content-type": "text/plain"}
NUMBERS = content({"type": "array", "items": {"type": "integer"}})
SENDS = operation(requestBody=NUMBERS, responses={"200": NUMBERS})


def sent(sent: Any = (), answer: Any = (), **values: Any) -> Exchange:
    return exchange("POST /a/{id}", "/a/1", sent=sent, answer=answer, **values)


@pytest.mark.parametrize(
    ("given", "violations"),
    [
        (sent(), []),
        (sent(["x"], ["x"]), [("response", "body", "type", "/body/0"), ("request", "body", "type", "/body/0")]),
        (sent(b"{", b"{"), [("response", "body", "json", "/body"), ("request", "body", "json", "/body")]),
        (sent(b"{", headers={"content-encoding": "gzip"}), []),
        (sent(answer=b"{", answered={"content-encoding": "gzip"}), []),
        (
            sent(["x"], headers={"content-type": "Application/JSON; charset=utf-8"}),
            [("request", "body", "type", "/body/0")],
        ),
        (
            sent(answer=["x"], answered={"content-type": " Application/JSON ;v=1"}),
            [("response", "body", "type", "/body/0")],
        ),
        (
            sent(b"a", b"a", headers=PLAIN, answered=PLAIN),
            [("response", "media_type", "", ""), ("request", "media_type", "", "")],
        ),
        (sent(b""), []),
        (sent(answer=b""), [("response", "body", "json", "/body")]),
        (sent(["x"], status=400), [("response", "status", "", "")]),
        (sent(["x"])._replace(request_body=None), []),
        (sent(answer=["x"])._replace(response_body=None), []),
        (sent(["x"])._replace(request_body=[b"[", b'"x"]']), [("request", "body", "type", "/body/0")]),
        (sent(answer=["x"])._replace(response_body=[b"[", b'"x"]']), [("response", "body", "type", "/body/0")]),
    ],
    ids=str,
)
def test_bodies_are_checked_as_transmitted(given: Exchange, violations: list[tuple[str, ...]]) -> None:
    assert [found[:4] for found in checked(SENDS, given)] == violations


def test_a_violation_names_its_place_in_the_contract() -> None:
    base = "/paths/~1a~1{id}/post"
    assert checked(SENDS, sent(b"{", b"{")) == [
        ("response", "body", "json", "/body", f"{base}/responses/200/content/application~1json/schema"),
        ("request", "body", "json", "/body", f"{base}/requestBody/content/application~1json/schema"),
    ]
    required = operation(requestBody={"required": True, **NUMBERS})
    assert checked(required, sent(b"", b"")) == [("request", "body", "required", "/body", f"{base}/requestBody")]
    assert checked(SENDS, sent(status=418)) == [("response", "status", "", "", f"{base}/responses")]


def test_a_required_body_that_was_not_recorded_in_whole_is_not_missing() -> None:
    required = operation(requestBody={"required": True, **NUMBERS}, responses={"200": NUMBERS})
    assert checked(required, sent()._replace(request_body=None)) == []


def test_types_without_a_schema_and_other_types_than_json_are_not_read() -> None:
    document = operation(
        requestBody={"content": {"text/*": {"schema": {"type": "integer"}}, "image/png": {}}},
        responses={"200": {"content": {"text/*": {"schema": {"type": "integer"}}, "image/png": {}}}},
    )
    for media_type in ("text/csv", "image/png"):
        fields = {"content-type": media_type}
        assert checked(document, sent(b"x", b"x", headers=fields, answered=fields)) == []
    problem = operation(responses={"200": content({"type": "object"}, "application/problem+json")})
    fields = {"content-type": "application/problem+json"}
    assert [found[:4] for found in checked(problem, sent(answer=b"[]", answered=fields))] == [
        ("response", "body", "type", "/body")
    ]


@pytest.mark.parametrize("place", ["query", "header", "cookie", "path"])
def test_a_required_parameter_that_is_missing_is_a_violation(place: str) -> None:
    document = operation(parameters=[parameter(place, "Q-1", {"type": "integer"}, required=True)])
    (found,) = checked(document, sent(answer=b""))
    assert found[:4] == ("request", place, "required", f"/{place}/Q-1")


def test_parameters_are_read_from_their_place_alone() -> None:
    document = operation(
        parameters=[
            parameter(place, "id", {"const": number}, required=True)
            for number, place in enumerate(("path", "query", "header", "cookie"))
        ]
    )
    document["paths"] = {"/a/{id}/b": document["paths"]["/a/{id}"]}
    right = exchange("POST /a/{id}/b", "/a/0/b?id=1", headers={"id": "2", "cookie": "other=9; id=3"})
    assert checked(document, right) == []
    wrong = exchange("POST /a/{id}/b", "/a/9/b?id=9", headers={"id": "9", "cookie": "id=9"})
    assert [found[:4] for found in checked(document, wrong)] == [
        ("request", place, "const", f"/{place}/id") for place in ("path", "query", "header", "cookie")
    ]


def test_header_names_ignore_case_and_broken_cookies_are_none() -> None:
    document = operation(
        parameters=[parameter("header", "X-Shop", {"const": "ü"}), parameter("cookie", "seat", {"const": "a"})],
        responses={"200": {"headers": {"X-Total": {"schema": {"const": "ü"}}}}},
    )
    given = sent(b"", b"")._replace(
        request_headers=[(b"X-SHOP", b"\xfc"), (b"cookie", b"seat=b")], response_headers=[(b"x-total", b"\xfc")]
    )
    assert [found[:4] for found in checked(document, given)] == [("request", "cookie", "const", "/cookie/seat")]
    broken = given._replace(request_headers=[(b"cookie", b"\x01=b; seat=b")])
    assert checked(document, broken) == []


def test_fields_of_a_form_are_decoded() -> None:
    fields = {"name": {"const": "a b"}, "tags": {"type": "array", "items": {"type": "integer"}}, "empty": {"const": ""}}
    form = content({"$ref": "#/components/schemas/F"}, "application/x-www-form-urlencoded")
    document = {**operation(requestBody=form), "components": {"schemas": {"F": {"properties": fields}}}}
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert checked(document, sent(b"name=a+b&tags=1&tags=2&empty=&other=x&other=y", b"", headers=headers)) == []
    found = checked(document, sent(b"name=a%20c&tags=x&empty=1", b"", headers=headers))
    assert sorted(one[:4] for one in found) == [
        ("request", "body", "const", "/body/empty"),
        ("request", "body", "const", "/body/name"),
        ("request", "body", "type", "/body/tags/0"),
    ]


def test_a_member_that_only_the_server_writes_or_reads() -> None:
    schema = {
        "required": ["id", "secret", "name"],
        "properties": {"id": {"readOnly": True}, "secret": {"writeOnly": True}, "name": {}},
    }
    document = operation(requestBody=content(schema), responses={"200": content(schema)})
    assert checked(document, sent({"secret": 1, "name": 1}, {"id": 1, "name": 1})) == []
    found = checked(document, sent({"id": 1, "name": 1}, {"secret": 1, "name": 1}))
    assert [one[:4] for one in found] == [
        ("response", "body", "required", "/body"),
        ("response", "body", "falseSchema", "/body/secret"),
        ("request", "body", "required", "/body"),
    ]


def test_a_value_with_many_errors_reports_twenty() -> None:
    document = operation(responses={"200": content({"properties": {f"p{n}": {"type": "null"} for n in range(50)}})})
    assert len(checked(document, sent(answer={f"p{n}": n for n in range(50)}))) == 20
    assert len(checked(document, sent(answer={f"p{n}": n for n in range(19)}))) == 19


def test_of_several_alternatives_the_closest_is_reported() -> None:
    near = {"required": ["a"], "properties": {"kind": {"const": "near"}, "a": {"properties": {"b": {"type": "null"}}}}}
    far = {"type": "array"}
    for keyword in ("anyOf", "oneOf"):
        document = operation(responses={"200": content({keyword: [far, near]})})
        (found,) = checked(document, sent(answer={"kind": "near", "a": {"b": 1}}))
        assert found[2:4] == ("type", "/body/a/b")
    document = operation(responses={"200": content({"anyOf": []})})
    assert [one[2] for one in checked(document, sent(answer={"a": 1}))] == ["anyOf"]


@pytest.mark.parametrize(
    ("text", "valid"),
    [("ada@example.com", True), ("ü@example.com", True), ("ada@test", True), ("ada", False), ("a@b@c", False)],
)
def test_addresses_are_those_of_the_server(text: str, valid: bool) -> None:  # noqa: FBT001 - an expected fact
    assert is_address(text) is valid


def test_a_pointer_escapes_its_steps() -> None:
    assert pointer(("a/b", 0, "~c", "")) == "/a~1b/0/~0c/"
    assert pointer(()) == ""


def test_only_the_methods_of_openapi_are_operations() -> None:
    document = operation()
    contract = Contract(document, "/api/v9")
    for method in ("PARAMETERS", "SUMMARY", "QUERY"):
        document["paths"]["/a/{id}"][method.lower()] = {"responses": {}}
        found = contract.check(exchange(f"{method} /a/{{id}}", "/a/1"))
        assert found is not None
        assert [(one.direction, one.rule) for one in found.violations] == [("response", "operation")]
        assert (found.operation, found.checked, found.conforms("response"), found.conforms("request")) == (
            None,
            ("response",),
            False,
            True,
        )


def test_a_declared_head_is_an_operation_of_its_own() -> None:
    document = operation()
    item = document["paths"]["/a/{id}"]
    item["get"] = {"operationId": "get", "responses": {"200": {"headers": {"X-A": {"required": True}}}}}
    (missing,) = checked(document, exchange("HEAD /a/{id}", "/a/1", answered={"content-type": ""}))
    assert missing[:4] == ("response", "header", "required", "/header/X-A")
    item["head"] = {"operationId": "head", "responses": {"200": {}}}
    result = Contract(document, "/api/v9").check(exchange("HEAD /a/{id}", "/a/1", answered={"content-type": ""}))
    assert result is not None
    assert (result.operation, result.violations) == ("head", ())


def test_names_that_the_contract_does_not_declare_are_hidden_at_any_depth() -> None:
    listed = {"type": "array", "items": {"properties": {"inner": {"additionalProperties": {"type": "null"}}}}}
    document = operation(responses={"200": content({"allOf": [listed]})})
    (found,) = checked(document, sent(answer=[{"inner": {"ada@example.com": 1}}]))
    assert found[3] == "/body/0/inner/*"


@pytest.mark.parametrize("text", ["[]", '"a"', "7", "null"])
def test_a_file_without_a_contract_is_rejected(tmp_path: Path, text: str) -> None:
    path = tmp_path / "v9.json"
    path.write_text(text)
    kind = type(orjson.loads(text)).__name__
    with pytest.raises(ValueError, match=f"{path} must contain a JSON object, got {kind}"):
        Contract.read(path, "/api/v9")


def test_a_body_is_buffered_up_to_its_limit() -> None:
    buffer = BodyBuffer(4)
    buffer.add(b"ab", more=True)
    buffer.add(b"", more=True)
    assert (buffer.chunks, buffer.size, buffer.whole, buffer.too_large) == ([b"ab"], 2, False, False)
    buffer.add(b"cd", more=False)
    assert (buffer.chunks, buffer.size, buffer.whole, buffer.too_large) == ([b"ab", b"cd"], 4, True, False)
    buffer.add(b"e", more=True)
    assert (buffer.chunks, buffer.size, buffer.whole, buffer.too_large) == ([], 5, False, True)
