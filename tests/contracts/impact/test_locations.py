"""Where findings are located in operations: the elements that evidence has about them."""

from typing import Any

import pytest

from contracts.compat import diff, elements
from contracts.compat.findings import Occurrence
from contracts.compat.impact.evidence import OperationEvidence, Summary
from contracts.compat.impact.lookup import locate, name_of, parent_of
from tests.contracts.compat.documents import (
    OK,
    body,
    document,
    operation,
    parameter,
    with_parameters,
    with_request,
    with_responses,
)
from tests.contracts.impact.test_decisions import BREAKS, GET, MAY, POST, use, verdict

Json = Any
LONG = {"possible": 2, "possible_random": 2, "present": 2, "types": {"string": 2}, "length": (1, 140)}


def text(limit: int) -> Json:
    return {"type": "string", "maxLength": limit}


def places(old: Json, new: Json) -> set[tuple[str, str, str]]:
    found = diff(old, new, located=True)
    return {(one.operation, one.element, one.status) for finding in found for one in finding.occurrences}


def nested(depth: int, limit: int) -> Json:
    schema = text(limit)
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    return with_request(body(schema))


@pytest.mark.parametrize(("depth", "expected"), [(8, BREAKS), (9, MAY)])
def test_members_are_located_as_deep_as_evidence_has_them(depth: int, expected: str) -> None:
    old, new = (nested(depth, limit) for limit in (200, 100))
    assert places(old, new) == {(POST, f"body:{'/a' * depth}" if depth == 8 else "", "")}
    assert verdict(old, new, use(POST, **{f"body__{'/a' * depth}": LONG})) == expected


def recursive(limit: int) -> Json:
    post = {"type": "object", "properties": {"title": text(limit), "parent": {"$ref": "#/components/schemas/Post"}}}
    return with_request(body({"$ref": "#/components/schemas/Post"})) | {"components": {"schemas": {"Post": post}}}


def test_a_recursive_schema_is_located_at_each_of_its_places() -> None:
    old, new = recursive(200), recursive(100)
    found = {element for _, element, _ in places(old, new)}
    assert found == {"", *(f"body:{'/parent' * depth}/title" for depth in range(8))}
    assert verdict(old, new, use(POST, **{"body__/parent/title": LONG})) is BREAKS


def test_of_a_schema_with_too_many_places_some_are_not_located(monkeypatch: pytest.MonkeyPatch) -> None:
    """The finding is about the operation as well: every consumer of the operation may be concerned."""
    monkeypatch.setattr(elements, "_MAX_STEPS", 2)

    def twice(limit: int) -> Json:
        shared = {"$ref": "#/components/schemas/Text"}
        schemas = {"components": {"schemas": {"Text": text(limit)}}}
        return with_request(body({"properties": {"a": shared, "b": shared}})) | schemas

    found = {element for _, element, _ in places(twice(200), twice(100))}
    assert len(found) == 2
    assert "" in found


def test_one_schema_of_several_operations_is_located_in_each() -> None:
    def both(limit: int) -> Json:
        shared = {"$ref": "#/components/schemas/Text"}
        answer = {"responses": {"200": {"description": "", **body({"type": "array", "items": shared})}}}
        created = {"requestBody": body({"properties": {"a": shared}}), "responses": OK}
        schemas = {"components": {"schemas": {"Text": text(limit)}}}
        return document({"/a": {"get": answer, "post": created}}, **schemas)

    assert places(both(200), both(100)) == {("GET /a", "reads:/*", "200"), ("POST /a", "body:/a", "")}


def test_the_element_of_a_parameter_is_named_as_evidence_names_it() -> None:
    for location, name, element in (
        ("query", "Q", "query:Q"),
        ("header", "X-Thing", "header:x-thing"),
        ("cookie", "Seat", "cookie:Seat"),
    ):
        old, new = (with_parameters(parameter(name, location, {"type": "array", "items": text(n)})) for n in (9, 5))
        assert places(old, new) == {(GET, f"{element}/*", "")}
        old, new = (with_parameters(parameter(name, location, required=required)) for required in (False, True))
        assert places(old, new) == {(GET, element, "")}


def test_a_finding_has_the_operation_of_the_old_document() -> None:
    """By which evidence names it."""
    old, new = (
        operation(path=f"/things/{{{name}}}", parameters=[parameter(name, "path"), parameter("q", schema=text(limit))])
        for name, limit in (("id", 9), ("key", 5))
    )
    assert {name for name, _, _ in places(old, new)} == {"GET /things/{id}"}


def test_statuses_and_media_types_of_responses() -> None:
    csv = {"content": {**body({})["content"], **body({}, "text/csv")["content"]}}
    old = with_responses(_404=body({"type": "object", "properties": {"a": text(9)}}), _200=csv)
    new = with_responses(_404=body({"type": "object", "properties": {"a": text(10)}}), _200=body({}))
    assert places(old, new) == {(GET, "reads:/a", "404"), (GET, "accept:text/csv", "200")}


def test_without_a_location_a_finding_has_its_operation_only() -> None:
    found = diff(nested(1, 200), nested(1, 100))
    assert [finding.occurrences for finding in found] == [(Occurrence(POST),)]


def test_the_names_of_elements() -> None:
    assert [parent_of(each) for each in ("body:/a/b", "body:/a", "body", "query:sort/*", "query:sort")] == [
        "body:/a",
        "body",
        "",
        "query:sort",
        "",
    ]
    assert [name_of(each) for each in ("body:/a/b~1c", "query:sort", "header:x")] == ["b/c", "sort", "x"]


def evidence(**elements: Summary) -> OperationEvidence:
    return OperationEvidence("v901", GET, 10, observed=8, random=6, elements=elements)


def test_what_the_absence_of_an_element_means() -> None:
    inner = Summary(possible=5, possible_random=4, present=3, types={"object": 3})
    texts = Summary(possible=5, possible_random=4, present=3, types={"string": 3})
    never = Summary(possible=5, possible_random=4)
    lists = Summary(possible=5, possible_random=4, present=3, types={"array": 3})
    found = evidence(**{"body:/a": inner, "body:/t": texts, "body:/n": never, "query:l": lists, "query:t": texts})
    for element, known, random in (
        ("body:/a/b", True, 4),
        ("body:/t/b", True, 4),
        ("body:/n/b/c", True, 4),
        ("body:/a/?", False, 4),
        ("query:l/*", False, 4),
        ("query:t/*", True, 4),
        ("query:other", False, 0),
        ("body:/x/y", False, 0),
        ("", False, 0),
        ("body:" + "/a" * 9, False, 0),
    ):
        located = locate(found, element)
        assert (located.known, located.random, located.present, located.possible) == (known, random, 0, 0), element


def test_elements_that_could_be_in_every_request() -> None:
    found = evidence(**{"media:a/b": Summary(possible=3, present=5)})
    for element, present in (("media:a/b", 5), ("scope:read", 0), ("reads", 0), ("status:200", 0)):
        located = locate(found, element)
        assert (located.known, located.present, located.absent) == (True, present, 8 - present)
    nothing = OperationEvidence("v901", GET, 10)
    assert not locate(nothing, "scope:read").known
    assert locate(evidence(body=Summary(possible=3, present=5)), "body").absent == 0
