"""Hypothesis strategies for documents, and functions that rewrite a document without changing its meaning."""

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.contracts.compat.documents import body, document, parameter

Json = Any
NAMES = st.sampled_from(["a", "b", "c", "d"])
COMPONENTS = ("Alpha", "Beta")


def _scalars() -> st.SearchStrategy[Json]:
    text = st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={
            "maxLength": st.integers(5, 9),
            "minLength": st.integers(1, 4),
            "format": st.sampled_from(["uuid", "date"]),
        },
    )
    number = st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={
            "maximum": st.integers(5, 9),
            "exclusiveMinimum": st.integers(0, 4),
            "multipleOf": st.sampled_from([2, 3]),
        },
    )
    enum = st.fixed_dictionaries({"enum": st.lists(NAMES, min_size=1, max_size=3, unique=True)})
    return text | number | enum | st.just({"type": "boolean"}) | st.just({"type": ["string", "null"]})


def _compound(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    thing = st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(NAMES, inner, max_size=3)},
        optional={"required": st.lists(NAMES, max_size=2, unique=True), "additionalProperties": st.booleans() | inner},
    )
    array = st.fixed_dictionaries({"type": st.just("array"), "items": inner}, optional={"maxItems": st.integers(1, 9)})
    union = st.fixed_dictionaries({"anyOf": st.tuples(inner, st.just({"type": "null"})).map(list)})
    joined = st.fixed_dictionaries({"allOf": st.lists(thing, min_size=1, max_size=2)})
    return thing | array | union | joined


REFERENCES = st.sampled_from([{"$ref": f"#/components/schemas/{name}"} for name in COMPONENTS])
SCHEMAS = st.recursive(_scalars() | REFERENCES, _compound, max_leaves=6)
OBJECTS = st.fixed_dictionaries({"type": st.just("object"), "properties": st.dictionaries(NAMES, SCHEMAS, max_size=3)})


@st.composite
def documents(draw: st.DrawFn) -> Json:
    """A document with two operations, whose components can reference themselves and each other."""
    shown = {"200": {"description": "", **body(draw(SCHEMAS)), "headers": {"X-A": {"schema": draw(_scalars())}}}}
    parameters = [
        parameter(name, schema=draw(_scalars()), required=draw(st.booleans())) for name in draw(st.sets(NAMES))
    ]
    return copy.deepcopy(
        document(
            {
                "/things": {"get": {"operationId": "list", "parameters": parameters, "responses": shown}},
                "/things/{id}": {"put": {"operationId": "put", "requestBody": body(draw(SCHEMAS)), "responses": shown}},
            },
            components={"schemas": {name: draw(OBJECTS) for name in COMPONENTS}},
        )
    )


def reorder(value: Json, shuffle: Callable[[list[Json]], list[Json]]) -> Json:
    """Reorder the keys, and the lists whose order has no meaning."""
    if isinstance(value, list):
        return [reorder(one, shuffle) for one in value]
    if not isinstance(value, dict):
        return value
    unordered = {"required", "enum", "anyOf", "parameters", "tags"}
    changed = {}
    for name in shuffle(list(value)):
        inner = reorder(value[name], shuffle)
        changed[name] = shuffle(inner) if name in unordered and isinstance(inner, list) else inner
    return changed


def rename_schemas(value: Json, names: dict[str, str]) -> Json:
    """Rename schemas, and the references to them."""
    if isinstance(value, list):
        return [rename_schemas(one, names) for one in value]
    if not isinstance(value, dict):
        return value
    found = {name: rename_schemas(one, names) for name, one in value.items()}
    if isinstance(reference := value.get("$ref"), str):
        head, _, last = reference.rpartition("/")
        if head.endswith("/schemas"):
            found["$ref"] = f"{head}/{names.get(last, last)}"
    if isinstance(schemas := found.get("schemas"), dict):
        found["schemas"] = {names.get(name, name): one for name, one in schemas.items()}
    return found


def inline_references(root: Json, value: Json) -> Json:
    """Replace each reference outside of the components by its target."""
    if isinstance(value, list):
        return [inline_references(root, one) for one in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/components/"):
        found = root
        for part in reference[2:].split("/"):
            found = found[part]
        return {**copy.deepcopy(found), **{name: one for name, one in value.items() if name != "$ref"}}
    return {name: one if name == "components" else inline_references(root, one) for name, one in value.items()}


def extract_schemas(root: Json) -> Json:
    """Move each schema of a body or parameter to a component."""
    changed = copy.deepcopy(root)
    schemas = changed.setdefault("components", {}).setdefault("schemas", {})

    def walk(value: Json) -> None:
        if isinstance(value, list):
            for one in value:
                walk(one)
        elif isinstance(value, dict):
            if isinstance(schema := value.get("schema"), dict):
                name = f"Moved{len(schemas)}"
                schemas[name], value["schema"] = schema, {"$ref": f"#/components/schemas/{name}"}
            for one in value.values():
                walk(one)

    walk(changed["paths"])
    return changed
