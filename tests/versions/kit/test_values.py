"""Values of requests and names that every version shares: what is accepted, and what it becomes."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import Query
from pydantic import TypeAdapter, ValidationError

from versions.kit import typeid
from versions.kit.links import link_to
from versions.kit.lists import NameList
from versions.kit.names import is_version_name, number_of
from versions.kit.values import (
    DECIMAL,
    MAX_INTEGER,
    Email,
    IntegerInBody,
    IntegerInPath,
    JsonBoolean,
    Moment,
    Password,
    text,
)

INVALID = object()
LONG = f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 57}.com"
"""As long as an address may be: 254 characters."""
LARGEST = 9_007_199_254_740_991


def parsed(kind: Any, value: object, *, json: bool = False) -> object:
    adapter: TypeAdapter[object] = TypeAdapter(kind)
    try:
        return adapter.validate_json(value) if json else adapter.validate_python(value)  # type: ignore[arg-type]  # a text
    except ValidationError:
        return INVALID


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", 1),
        ("12", 12),
        (str(LARGEST), LARGEST),
        (str(LARGEST + 1), INVALID),
        ("9" * 16, INVALID),
        ("9" * 17, INVALID),
        *((value, INVALID) for value in ("0", "01", "-1", "+1", "1.0", "1_0", " 1", "1 ", "1\n", "", "a", "\u0661")),
    ],
)
def test_an_integer_in_a_path(value: str, expected: object) -> None:
    assert parsed(IntegerInPath, value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", 1),
        ("1.0", 1),
        (str(LARGEST), LARGEST),
        *((value, INVALID) for value in ("0", "-1", "1.5", '"1"', "true", "null", str(LARGEST + 1), "1e400", "[]")),
    ],
)
def test_an_integer_in_a_body(value: str, expected: object) -> None:
    found = parsed(IntegerInBody, value, json=True)
    assert (found, type(found)) == (expected, type(expected))
    assert MAX_INTEGER == LARGEST


@pytest.mark.parametrize("value", ["0", "7", "-7", "10", str(2**70)])
def test_a_decimal_integer_in_a_query(value: str) -> None:
    assert parsed(Annotated[int, DECIMAL], value) == int(value)


@pytest.mark.parametrize("value", ["", "+7", "07", "7.0", "1_0", " 7", "7\n", "-", "--7", "\u0661", "x"])
def test_other_spellings_in_a_query_are_rejected(value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Annotated[int, DECIMAL]).validate_python(value)
    (error,) = caught.value.errors()
    assert error["type"] == "int_parsing"
    assert error["msg"] == "Input should be a valid integer, unable to parse string as an integer"
    assert parsed(Annotated[int, DECIMAL], 7) == 7, "a default is an integer"


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("false", False), ("0", INVALID), ('"off"', INVALID)])
def test_a_boolean_in_a_body(value: str, expected: object) -> None:
    assert parsed(JsonBoolean, value, json=True) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Ada@Example.COM", "Ada@example.com"),
        ("ada@sub.test", "ada@sub.test"),
        ("ü@example.com", "ü@example.com"),
        (LONG, LONG),
        (LONG.replace(".com", ".info"), INVALID),
        ("ada", INVALID),
        ("ada@", INVALID),
        ("ada@example", INVALID),
        ("", INVALID),
    ],
)
def test_an_address_is_normalized(value: str, expected: object) -> None:
    assert parsed(Email, value) == expected


@pytest.mark.parametrize(
    ("value", "valid"), [("x" * 7, False), ("x" * 8, True), ("x" * 100, True), ("x" * 101, False), ("nul\0nul!", False)]
)
def test_the_length_of_a_password(value: str, valid: bool) -> None:  # noqa: FBT001 - an expected fact
    assert (parsed(Password, value) is not INVALID) is valid


def test_text_has_no_nul_and_its_lengths_in_code_points() -> None:
    kind = Annotated[str, text(min_length=2, max_length=3)]
    for value, valid in (("a", False), ("ab", True), ("😀😀😀", True), ("abcd", False), ("a\0", False), ("a\nb", True)):
        assert (parsed(kind, value) is not INVALID) is valid
    assert parsed(Annotated[str, text(max_length=1)], "") == "", "an empty text by default"


SORTS = NameList(["new", "old", "top"], lambda: LookupError("unknown"))
SORTED = Annotated[tuple[str, ...] | None, Query(), SORTS]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["new"], ("new",)),
        (["old,new"], ("old", "new")),
        (["old", "new"], ("old", "new")),
        (["old,new", "old"], ("old", "new")),
        (["top,top"], ("top",)),
    ],
)
def test_a_list_of_names_is_a_union_in_order(texts: list[str], expected: tuple[str, ...]) -> None:
    assert SORTS.parse(texts) == expected
    assert parsed(Annotated[tuple[str, ...], SORTS], texts) == expected


@pytest.mark.parametrize("texts", [[""], ["new,"], ["New"], ["new", "other"], ["new old"]])
def test_an_unknown_name_is_the_error_of_its_list(texts: list[str]) -> None:
    with pytest.raises(LookupError, match="unknown"):
        SORTS.parse(texts)


def test_a_list_of_names_is_an_enum_of_the_contract() -> None:
    schema = TypeAdapter(Annotated[tuple[str, ...] | None, SORTS]).json_schema()
    assert schema == {"type": "array", "items": {"type": "string", "enum": ["new", "old", "top"]}, "minItems": 1}


@pytest.mark.parametrize("name", ["v8", "v9", "v10", "v9999"])
def test_the_name_of_a_version(name: str) -> None:
    assert is_version_name(name)
    assert number_of(name) == int(name[1:])


@pytest.mark.parametrize("name", ["", "v", "v0", "v08", "V8", "8", "v8 ", "v8\n", "xv8", "v10000", "v8.0", "v\u0668"])
def test_another_text_is_the_name_of_no_version(name: str) -> None:
    assert not is_version_name(name)
    with pytest.raises(ValueError, match="The name of a version must be v and a number, got"):
        number_of(name)


def test_a_link_names_its_operation_and_the_source_of_its_inputs() -> None:
    assert link_to("a.get") == {"a.get": {"operationId": "a.get"}}
    found = link_to("a.get", "a.update", body="$response.body", id="$response.body#/id", header__if_match="$etag")
    link = {"parameters": {"id": "$response.body#/id", "header.if-match": "$etag"}, "requestBody": "$response.body"}
    assert found == {name: {"operationId": name, **link} for name in ("a.get", "a.update")}
    assert link_to("a", body={})["a"] == {"operationId": "a", "requestBody": {}}


@pytest.mark.parametrize(
    ("uid", "suffix"),
    [
        # From the specification of TypeID.
        ("00000000-0000-0000-0000-000000000000", "00000000000000000000000000"),
        ("00000000-0000-0000-0000-000000000001", "00000000000000000000000001"),
        ("00000000-0000-0000-0000-000000000020", "00000000000000000000000010"),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", "7zzzzzzzzzzzzzzzzzzzzzzzzz"),
        ("01890a5d-ac96-774b-bcce-b302099a8057", "01h455vb4pex5vsknk084sn02q"),
        ("0110c853-1d09-52d8-d73e-1194e95b5f19", "0123456789abcdefghjkmnpqrs"),
    ],
)
def test_a_typeid_is_that_of_its_specification(uid: str, suffix: str) -> None:
    assert typeid.encode("post", UUID(uid)) == f"post_{suffix}"
    assert typeid.decode("post", f"post_{suffix}") == UUID(uid)
    assert TypeAdapter(Annotated[str, text(max_length=99)]).validate_python(suffix)


@pytest.mark.parametrize(
    "given",
    [
        "user_01h455vb4pex5vsknk084sn02q",
        "01h455vb4pex5vsknk084sn02q",
        "_01h455vb4pex5vsknk084sn02q",
        "post_01h455vb4pex5vsknk084sn02",
        "post_01h455vb4pex5vsknk084sn02qq",
        "post_81h455vb4pex5vsknk084sn02q",
        "post_01H455VB4PEX5VSKNK084SN02Q",
        "post_01h455vb4pex5vsknk084sn02l",
        "post_01h455vb4pex5vsknk084sn02u",
        "post_",
        "",
    ],
)
def test_a_malformed_typeid_is_rejected(given: str) -> None:
    with pytest.raises(ValueError, match=r"not a (TypeID|letter of Crockford)"):
        typeid.decode("post", given)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *(
            (value, datetime(2026, 11, 23, 12, tzinfo=UTC))
            for value in ("2026-11-23T12:00:00Z", "2026-11-23t12:00:00z")
        ),
        ("2026-11-23T13:00:00.000000000+01:00", datetime(2026, 11, 23, 12, tzinfo=UTC)),
        *((value, INVALID) for value in ("2026-11-23", "2026-11-23T12:00:00", "2026-11-23 12:00:00Z", 1_800_000_000)),
        *((value, INVALID) for value in ("2026-11-23T12:00Z", "2026-11-23T12:00:00.Z", "2026-13-23T12:00:00Z")),
    ],
)
def test_a_moment_is_a_time_with_a_zone(value: object, expected: object) -> None:
    assert parsed(Moment, value) == expected
