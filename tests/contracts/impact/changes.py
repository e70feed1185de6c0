"""Random changes of one schema, and random bodies that the old schema accepts."""

from copy import deepcopy
from typing import Any, NamedTuple

from hypothesis import strategies as st

Json = Any
CLOSED: Json = {
    "type": "object",
    "required": ["title", "tags", "author"],
    "additionalProperties": False,
    "properties": {
        "title": {"type": "string", "minLength": 1, "maxLength": 60},
        "status": {"type": "string", "enum": ["draft", "published", "archived"]},
        "rating": {"type": ["integer", "number", "null"], "minimum": -200, "maximum": 200},
        "count": {"type": "integer", "minimum": 0, "maximum": 90},
        "pinned": {"type": "boolean"},
        "tags": {"type": "array", "maxItems": 6, "items": {"type": "string", "maxLength": 12}},
        "author": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"name": {"type": ["string", "null"], "maxLength": 20}, "age": {"type": "integer"}},
        },
    },
}
OPEN: Json = {name: value for name, value in CLOSED.items() if name != "additionalProperties"}
NAMES = ("title", "status", "rating", "count", "pinned", "tags", "author")
UNKNOWN = ("subtitle", "color")


class Change(NamedTuple):
    """`exact`: the evidence decides it, so that a consumer breaks if and only if a body is rejected."""

    name: str
    new: Json
    exact: bool = True


def with_member(old: Json, name: str, **members: Json) -> Json:
    new = deepcopy(old)
    new["properties"][name] |= members
    return new


def without(old: Json, name: str, key: str) -> Json:
    new = deepcopy(old)
    del new["properties"][name][key]
    return new


@st.composite
def changes(draw: st.DrawFn, old: Json) -> Change:
    closed = old.get("additionalProperties") is False
    number = draw(st.integers(-200, 200))
    small = draw(st.integers(0, 20))
    name = draw(st.sampled_from(NAMES))
    required = deepcopy(old)
    required["required"] = sorted({*old["required"], name})
    nested = deepcopy(old)
    nested["properties"]["author"]["required"] = ["name"]
    removed = deepcopy(old)
    del removed["properties"][name]
    removed["required"] = [one for one in old["required"] if one != name]
    added = deepcopy(old)
    added["properties"]["subtitle"] = {"type": "string"}
    new_required = deepcopy(added)
    new_required["required"] = [*old["required"], "subtitle"]
    renamed = deepcopy(removed)
    renamed["properties"][f"{name}_text"] = old["properties"][name]
    items = deepcopy(old)
    items["properties"]["tags"]["items"]["maxLength"] = small
    inner = deepcopy(old)
    inner["properties"]["author"]["properties"]["name"] = {"type": "string", "maxLength": 20}
    enum = ["draft", "published", "archived"]
    enum.remove(draw(st.sampled_from(enum)))
    kinds = [
        Change("longer", with_member(old, "title", maxLength=draw(st.integers(1, 59)))),
        Change("shorter", with_member(old, "title", minLength=draw(st.integers(2, 60)))),
        Change("enum value", with_member(old, "status", enum=enum)),
        Change("const", with_member(old, "status", enum=[enum[0]])),
        Change("maximum", with_member(old, "rating", maximum=number), exact=False),
        Change("minimum", with_member(old, "rating", minimum=number), exact=False),
        Change("maximum of integers", with_member(old, "count", maximum=abs(number) % 90)),
        Change("exclusive", with_member(old, "count", exclusiveMaximum=abs(number) % 90)),
        Change("fractions", with_member(old, "rating", type=["integer", "null"])),
        Change("null", with_member(old, "rating", type="number")),
        Change("type", with_member(old, "pinned", type="string")),
        Change("boolean value", with_member(old, "pinned", enum=[True])),
        Change("items", with_member(old, "tags", maxItems=draw(st.integers(0, 5)))),
        Change("least items", with_member(old, "tags", minItems=draw(st.integers(1, 6)))),
        Change("unique", with_member(old, "tags", uniqueItems=True)),
        Change("each item", items),
        Change("members", with_member(old, "author", maxProperties=draw(st.integers(0, 1)))),
        Change("least members", with_member(old, "author", minProperties=draw(st.integers(1, 2)))),
        Change("nested null", inner),
        Change("nested required", nested),
        Change("required", required),
        Change("removed", removed, exact=closed),
        Change("renamed", renamed, exact=closed),
        Change("added", added, exact=closed),
        Change("required added", new_required, exact=closed),
        Change("closed", {**old, "additionalProperties": False}),
        Change("pattern", with_member(old, "title", pattern="^[a-z]"), exact=False),
        Change("format", with_member(old, "title", format="date"), exact=False),
        Change("multiple", with_member(old, "count", multipleOf=draw(st.integers(2, 5))), exact=False),
        Change("not", with_member(old, "title", **{"not": {"const": "a"}}), exact=False),
        Change("any length", without(old, "title", "maxLength")),
        Change("any item", without(old, "tags", "maxItems")),
    ]
    return draw(st.sampled_from(kinds))


def bodies(schema: Json) -> st.SearchStrategy[Json]:
    """Bodies that the schema accepts."""
    texts = st.text("ab", min_size=1, max_size=60)
    author = st.fixed_dictionaries({}, optional={"name": st.none() | st.text("ab", max_size=20), "age": st.integers()})
    members = {
        "status": st.sampled_from(schema["properties"]["status"]["enum"]),
        "rating": st.none() | st.integers(-200, 200) | st.floats(-200, 200).map(lambda number: round(number, 3)),
        "count": st.integers(0, 90),
        "pinned": st.booleans(),
    }
    if "additionalProperties" not in schema:
        members |= dict.fromkeys(UNKNOWN, st.just("a") | st.just(1))
    return st.fixed_dictionaries(
        {"title": texts, "tags": st.lists(st.text("ab", max_size=12), max_size=6), "author": author}, optional=members
    )
