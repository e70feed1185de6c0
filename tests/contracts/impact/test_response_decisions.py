"""Decisions about members of responses, and about the variants of a union."""

from typing import Any

import pytest

from contracts.compat.impact.verdict import Verdict
from tests.contracts.compat.documents import body, with_request, with_responses
from tests.contracts.impact.test_decisions import BREAKS, GET, MAY, POST, SAFE, use, verdict

Json = Any


def shown(*names: str, variants: Json = None) -> Json:
    author = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    post = {"type": "object", "properties": {"author": author, "title": {"type": "string"}}}
    return with_responses(_200=body({"type": "array", "items": {"anyOf": [post, *variants]} if variants else post}))


OTHER = {"type": "object", "properties": {"id": {"type": "integer"}}}
NAMED = {"type": "object", "properties": {"author": {"type": "object", "properties": {"name": {"type": "integer"}}}}}


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({}, MAY),
        ({"status__200": 10}, MAY),
        ({"status__404": 10}, SAFE),
        ({"reads__/*/author/name": 1}, BREAKS),
        ({"reads__/*/author": 1}, MAY),
        ({"reads": 10, "reads__/*/title": 10}, SAFE),
        ({"reads": 9, "reads__/*/title": 9}, MAY),
    ],
)
def test_readers(elements: Json, expected: Verdict) -> None:
    assert verdict(shown("name", "age"), shown("age"), use(GET, **elements)) is expected


@pytest.mark.parametrize(("others", "expected"), [([OTHER], BREAKS), ([OTHER, NAMED], MAY)])
def test_a_member_is_removed_if_no_variant_has_it(others: Json, expected: Verdict) -> None:
    old, new = (shown(*names, variants=others) for names in (("name", "age"), ("age",)))
    assert verdict(old, new, use(GET, **{"reads__/*/author/name": 1})) is expected


def variants(limit: int, *others: Json, required: bool = False) -> Json:
    post = {"type": "object", "properties": {"title": {"type": "string", "maxLength": limit}}}
    create = {"type": "object", "properties": {"post": {**post, "required": ["title"] if required else []}}}
    return with_request(body({"oneOf": [create, *others]}))


LONG = {"present": 2, "types": {"string": 2}, "length": (1, 140)}
UPDATE = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
SAME = {"type": "object", "required": ["id"], "properties": {"post": UPDATE | {"properties": {"title": {}, "id": {}}}}}


@pytest.mark.parametrize(("others", "expected"), [([UPDATE], BREAKS), ([UPDATE, SAME], MAY)])
def test_a_member_of_one_variant_only_has_no_other_values(others: Json, expected: Verdict) -> None:
    old, new = (variants(limit, *others) for limit in (200, 100))
    assert verdict(old, new, use(POST, 10, **{"body__/post/title": LONG})) is expected
    old, new = (variants(200, *others, required=required) for required in (False, True))
    omitted = {"possible": 10, "present": 9}
    assert verdict(old, new, use(POST, 10, **{"body__/post/title": omitted})) is expected


def test_a_member_that_all_variants_can_lack_is_no_sign_of_one_of_them() -> None:
    """Who omits it may have sent the variant that does not have it. Who sends it has sent the other one."""
    without = {"type": "object", "required": ["id"], "properties": {"post": UPDATE, "id": {"type": "integer"}}}
    old, new = (variants(limit, without) for limit in (200, 100))
    assert verdict(old, new, use(POST, 10, **{"body__/post/title": LONG})) is BREAKS
    old, new = (variants(200, without, required=required) for required in (False, True))
    assert verdict(old, new, use(POST, 10, **{"body__/post/title": {"possible": 10, "present": 9}})) is MAY


def test_a_variant_of_a_variant_can_be_one_of_another_variant() -> None:
    def nested(limit: int) -> Json:
        title = {"type": "object", "properties": {"title": {"type": "string", "maxLength": limit}}}
        outer = {"type": "object", "properties": {"post": {"oneOf": [title, UPDATE]}}}
        return with_request(body({"oneOf": [outer, SAME]}))

    assert verdict(nested(200), nested(100), use(POST, 10, **{"body__/post/title": LONG})) is MAY


def test_readers_of_a_value_that_can_be_null_may_break() -> None:
    old, new = (
        with_responses(_200=body({"properties": {"a": {"type": one}}})) for one in ("string", ["string", "null"])
    )
    assert verdict(old, new, use(GET, **{"reads__/a": 1})) is MAY
    assert verdict(old, new, use(reads=10)) is SAFE
