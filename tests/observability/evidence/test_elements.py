"""Which elements a request has: by its method, credentials, media types and declared reads."""

from copy import deepcopy
from typing import Any

import pytest

from observability.conformance.exchange import BodyBuffer
from observability.evidence.extraction import Extractor, Unreadable
from tests.observability.evidence.test_extraction import DOC, Json, both, buffered, request, summaries
from tests.support.exchanges import content, parameter

PATH = "/posts/{post_id}"


def edited(**members: Any) -> Json:
    """The document with other members of its operation."""
    document = deepcopy(DOC)
    document["paths"][PATH]["post"] |= members
    return document


def extracted(document: Json, given: Any) -> dict[str, Any]:
    found = Extractor(document, lambda name: f"#{len(name)}").summaries(given)
    assert found is not None
    return found[0]


def named(found: dict[str, Any], prefix: str) -> list[str]:
    return [name for name in found if name.startswith(prefix)]


@pytest.mark.parametrize(("status", "accepted"), [(100, True), (204, True), (304, True), (399, True), (400, False)])
def test_requests_are_accepted_up_to_a_redirect(status: int, *, accepted: bool) -> None:
    found = Extractor(DOC, str).summaries(request({"title": "a"}, status=status))
    assert found is not None
    assert (found[1], "body:/title" in found[0]) == (accepted, accepted)


def test_a_head_request_is_one_for_the_operation_that_answers_it() -> None:
    document = deepcopy(DOC)
    operations = document["paths"][PATH]
    operations["get"] = {"parameters": [parameter("query", "own", {})], "responses": {}}
    head = request(query="own=1")._replace(method="HEAD")
    assert "query:own" in extracted(document, head)
    operations["head"] = {"parameters": [parameter("query", "other", {})], "responses": {}}
    assert "query:other" in extracted(document, head)


def test_the_last_value_counts_of_a_parameter_whose_form_is_not_read() -> None:
    document = edited(parameters=[{"in": "query", "name": "raw", "content": {"application/json": {}}}])
    found = extracted(document, request(query="raw=ab&raw=abcd"))
    assert found["query:raw"] == both(possible=1, present=1, types={"string": 1}, length=[4, 4])
    assert found["query"] == both(present=1)


def test_a_query_of_an_operation_without_parameters_has_unknown_names() -> None:
    document = edited(parameters=[parameter("header", "own", {})])
    assert extracted(document, request(query="own=1"))["query"] == both(present=1) | {"unknown": {"#3": 1}}
    assert "query" not in extracted(document, request())


def test_bodies_of_other_media_types_show_their_type_only() -> None:
    text = request(buffered(b"x"))._replace(headers=[(b"content-type", b"text/x-secret; a=b")])
    found = extracted(DOC, text)
    assert found["media:other"] == both(present=1)
    assert not named(found, "body")
    assert "secret" not in str(found)
    csv = text._replace(headers=[(b"content-type", b"text/csv")])
    found = extracted(edited(requestBody=content({"type": "string"}, "text/csv")), csv)
    assert "media:text/csv" in found
    assert not named(found, "body")


@pytest.mark.parametrize("body", [None, buffered(b"")])
def test_a_request_without_a_body_could_have_had_one(body: BodyBuffer | None) -> None:
    found = extracted(DOC, request()._replace(headers=[], body=body))
    assert found["body"] == both(possible=1)
    assert not named(found, "media:")
    sent = extracted(DOC, request()._replace(headers=[], body=buffered(b"{}")))
    assert (sent["media:other"], "body" in sent) == (both(present=1), False)


def test_a_body_that_arrived_in_part_is_not_summarised() -> None:
    part = BodyBuffer(100)
    part.add(b"{}", more=True)
    with pytest.raises(Unreadable):
        summaries(part)


@pytest.mark.parametrize(
    ("scheme", "given", "used"),
    [
        ({"type": "apiKey", "in": "header", "name": "X-API-Key"}, {"x_api_key": "a"}, True),
        ({"type": "apiKey", "in": "cookie", "name": "seat"}, {"cookie": "seat=a"}, True),
        ({"type": "apiKey", "in": "cookie", "name": "Seat"}, {"cookie": "seat=a"}, False),
        ({"type": "apiKey", "in": "query", "name": "token"}, {"query": "token=a"}, True),
        ({"type": "apiKey", "in": "query", "name": "token"}, {"token": "a"}, False),
        ({"type": "http", "scheme": "Basic"}, {"authorization": "basic a"}, True),
        ({"type": "http", "scheme": "basic"}, {"authorization": "Bearer a"}, False),
        ({"type": "oauth2"}, {"authorization": "Bearer a"}, True),
        ({"type": "oauth2"}, {"authorization": "Bearers"}, False),
    ],
)
def test_which_credentials_are_of_a_scheme(scheme: Json, given: dict[str, str], *, used: bool) -> None:
    components = DOC["components"] | {"securitySchemes": {"key": scheme, "unused": scheme}}
    found = extracted(DOC | {"components": components}, request(**given))
    assert named(found, "security:") == (["security:key"] if used else [])


def test_an_operation_without_a_requirement_has_that_of_the_document() -> None:
    document = deepcopy(DOC) | {"security": [{"bearer": []}]}
    credentials = request(authorization="Bearer a", x_api_key="a")
    assert named(extracted(document, credentials), "security:") == ["security:bearer", "security:key"]
    del document["paths"][PATH]["post"]["security"]
    assert named(extracted(document, credentials), "security:") == ["security:bearer"]
    document["paths"][PATH]["post"]["security"] = []
    assert not named(extracted(document, credentials), "security:")


def test_types_that_only_errors_have_are_not_wanted_ones() -> None:
    responses = DOC["paths"][PATH]["post"]["responses"]
    document = edited(responses=responses | {"404": content({}, "application/problem+json")})
    found = extracted(document, request(accept="application/problem+json, Text/CSV ; q=1"))
    assert named(found, "accept:") == ["accept:text/csv"]


def test_a_declared_name_counts_once_and_an_empty_one_is_none() -> None:
    assert summaries({}, api_reads="title, title")["reads:/data/*/title"] == both(present=1)
    found = summaries({}, query="fields=title,,&include=secret")
    assert found["reads"] == both(present=1) | {"unknown": {"#6": 1}}
    assert summaries({}, query="include=secret")["reads"] == {"unknown": {"#6": 1}}
    assert "reads" not in summaries({})


def test_listed_values_are_those_of_all_alternatives_of_a_schema() -> None:
    kind = {"anyOf": [{"const": 7}, {"enum": ["a"]}, {"type": ["boolean", "null"]}]}
    deep: Json = kind
    for _ in range(6):
        deep = {"allOf": [deep]}
    branches = {"if": {}, "then": {"properties": {"kind": kind}}, "else": {"properties": {"other": kind}}}
    document = edited(
        requestBody=content({"properties": {"deep": deep}, "patternProperties": {"^x": kind}, **branches})
    )
    for value, text in ((7, "7"), (7.0, "7"), ("a", '"a"'), (True, "true")):
        found = extracted(document, request({"kind": value, "other": value, "deep": value, "x-a": value}))
        for name in ("kind", "other", "deep", "*"):
            assert found[f"body:/{name}"]["values"] == {text: 1}
    assert extracted(document, request({"kind": "b"}))["body:/kind"]["other_values"] == 1


def test_members_of_an_empty_object_are_absent_from_it() -> None:
    assert summaries({"author": {}})["body:/author/name"] == both(possible=1)
    assert summaries({"labels": {"a": None}})["body:/labels/*"] == both(possible=1, present=1, null=1)
