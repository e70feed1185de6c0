"""An example of each change of a schema: a change that triggers its rules, and a similar change that is safe."""

from typing import Any, Final, NamedTuple

Json = Any


class SchemaExample(NamedTuple):
    """`harmless` is a safe successor of `old`. Without it, the tests use the reverse change."""

    old: Json
    new: Json
    harmless: Json | None = None


TEXT: Final = {"type": "string"}
INT: Final = {"type": "integer"}
CAT: Final = {
    "title": "Cat",
    "type": "object",
    "required": ["kind"],
    "properties": {"kind": {"const": "cat"}, "lives": INT},
}
DOG: Final = {
    "title": "Dog",
    "type": "object",
    "required": ["kind"],
    "properties": {"kind": {"const": "dog"}, "barks": {"type": "boolean"}},
}
OVERLAPPING: Final = [{"type": "number", "minimum": 0}, {"type": "number", "maximum": 10}]
PETS: Final = {"oneOf": [CAT, DOG]}


def text(**members: Json) -> Json:
    return {"type": "string", **members}


def number(**members: Json) -> Json:
    return {"type": "number", **members}


def many(**members: Json) -> Json:
    return {"type": "array", "items": TEXT, **members}


def thing(*required: str, **properties: Json) -> Json:
    return {"type": "object", "properties": properties} | ({"required": list(required)} if required else {})


def by_kind(property_name: str = "kind", **mapping: str) -> Json:
    return PETS | {"discriminator": {"propertyName": property_name} | ({"mapping": mapping} if mapping else {})}


def _bounds(name: str, keyword: str, base: Json, *, upper: bool) -> dict[str, SchemaExample]:
    tight, loose = (5, 9) if upper else (9, 5)
    tighter, looser = ("decreased", "increased") if upper else ("increased", "decreased")
    return {
        f"{name}-{tighter}": SchemaExample({**base, keyword: loose}, {**base, keyword: tight}),
        f"{name}-{looser}": SchemaExample({**base, keyword: tight}, {**base, keyword: loose}),
        f"{name}-added": SchemaExample(base, {**base, keyword: tight}),
        f"{name}-removed": SchemaExample({**base, keyword: tight}, base),
    }


_BEFORE, _AFTER = {"deprecated": True, "x-sunset": "2020-01-31"}, {"deprecated": True, "x-sunset": "2999-12-31"}

SCHEMA_EXAMPLES: Final[dict[str, SchemaExample]] = {
    "type-changed": SchemaExample(TEXT, INT, {**TEXT, "description": "A description."}),
    "type-narrowed": SchemaExample({"type": "number"}, INT),
    "type-widened": SchemaExample(INT, {"type": "number"}),
    "became-nullable": SchemaExample(TEXT, {"type": ["string", "null"]}),
    "became-not-nullable": SchemaExample({"anyOf": [TEXT, {"type": "null"}]}, TEXT),
    "enum-value-removed": SchemaExample(text(enum=["a", "b"]), text(enum=["a"])),
    "enum-value-added": SchemaExample(text(enum=["a"]), text(enum=["b", "a"])),
    "became-enum": SchemaExample(TEXT, text(enum=["a"])),
    "enum-dropped": SchemaExample(text(enum=["a"]), TEXT),
    "const-changed": SchemaExample({"const": "a"}, {"const": "b"}, text(enum=["a"])),
    **_bounds("max-length", "maxLength", TEXT, upper=True),
    **_bounds("min-length", "minLength", TEXT, upper=False),
    **_bounds("max-items", "maxItems", many(), upper=True),
    **_bounds("min-items", "minItems", many(), upper=False),
    **_bounds("max-properties", "maxProperties", thing(), upper=True),
    **_bounds("min-properties", "minProperties", thing(), upper=False),
    **_bounds("maximum", "maximum", number(), upper=True),
    **_bounds("minimum", "minimum", number(), upper=False),
    "maximum-became-exclusive": SchemaExample(number(maximum=5), number(exclusiveMaximum=5)),
    "maximum-became-inclusive": SchemaExample(number(exclusiveMaximum=5), number(maximum=5)),
    "minimum-became-exclusive": SchemaExample(number(minimum=5), number(exclusiveMinimum=5)),
    "minimum-became-inclusive": SchemaExample(number(exclusiveMinimum=5), number(minimum=5)),
    "multiple-of-added": SchemaExample(INT, {**INT, "multipleOf": 5}),
    "multiple-of-removed": SchemaExample({**INT, "multipleOf": 5}, INT),
    "multiple-of-narrowed": SchemaExample(number(multipleOf=0.1), number(multipleOf=0.5)),
    "multiple-of-widened": SchemaExample(number(multipleOf=10), number(multipleOf=5)),
    "multiple-of-changed": SchemaExample(number(multipleOf=4), number(multipleOf=6), number(multipleOf=4.0)),
    "unique-items-required": SchemaExample(many(), many(uniqueItems=True)),
    "unique-items-dropped": SchemaExample(many(uniqueItems=True), many(uniqueItems=False)),
    "pattern-added": SchemaExample(text(pattern=".*"), text(pattern="^a")),
    "pattern-removed": SchemaExample(text(pattern="^a"), TEXT),
    "pattern-narrowed": SchemaExample(text(pattern="^(a|b)$"), text(pattern="^(b)$")),
    "pattern-widened": SchemaExample(text(pattern="^(a|b)$"), text(pattern="^[a-c]$"), text(pattern="^(b|a)$")),
    "pattern-changed": SchemaExample(text(pattern="^a"), text(pattern="^b"), text(pattern="^a", examples=["a"])),
    "format-added": SchemaExample(TEXT, text(format="uuid")),
    "format-removed": SchemaExample(text(format="uuid"), TEXT),
    "format-narrowed": SchemaExample({**INT, "format": "int64"}, {**INT, "format": "int32"}),
    "format-widened": SchemaExample({**INT, "format": "int32"}, {**INT, "format": "int64"}),
    "format-changed": SchemaExample(text(format="date"), text(format="date-time"), text(format="date", title="Day")),
    "content-encoding-changed": SchemaExample(
        text(contentEncoding="base64"), text(contentEncoding="base16"), text(contentEncoding="base64", title="T")
    ),
    "content-media-type-changed": SchemaExample(
        text(contentMediaType="image/png"),
        text(contentMediaType="image/gif"),
        text(contentMediaType="image/png", title="T"),
    ),
    "property-added": SchemaExample(thing(a=TEXT), thing(a=TEXT, b=TEXT), thing(a={**TEXT, "title": "A"})),
    "required-property-added": SchemaExample(thing(a=TEXT), thing("b", a=TEXT, b=TEXT), thing(a=TEXT, b=TEXT)),
    "property-removed": SchemaExample(thing(a=TEXT, b=TEXT), thing(a=TEXT), thing(b=TEXT, a=TEXT)),
    "property-removed-before-sunset": SchemaExample(
        thing(a=TEXT | _AFTER), thing(), thing(a=TEXT | _AFTER | {"title": "A"})
    ),
    "property-removed-after-sunset": SchemaExample(
        thing(a=TEXT | _BEFORE), thing(), thing(a=TEXT | _BEFORE | {"title": "A"})
    ),
    "property-became-required": SchemaExample(thing(a=TEXT), thing("a", a=TEXT)),
    "property-became-optional": SchemaExample(thing("a", a=TEXT), thing(a=TEXT)),
    "property-became-read-only": SchemaExample(
        thing(a=TEXT), thing(a=text(readOnly=True)), thing(a=text(readOnly=False))
    ),
    "property-became-write-only": SchemaExample(
        thing(a=TEXT), thing(a=text(writeOnly=True)), thing(a=text(writeOnly=False))
    ),
    "property-became-writable": SchemaExample(
        thing(a=text(readOnly=True)), thing(a=TEXT), thing(a=text(readOnly=True, title="A"))
    ),
    "property-became-readable": SchemaExample(
        thing(a=text(writeOnly=True)), thing(a=TEXT), thing(a=text(writeOnly=True, title="A"))
    ),
    "additional-properties-closed": SchemaExample(thing(), thing() | {"additionalProperties": False}),
    "additional-properties-opened": SchemaExample(thing() | {"unevaluatedProperties": False}, thing()),
    "additional-properties-typed": SchemaExample(thing(), thing() | {"additionalProperties": TEXT}),
    "additional-properties-untyped": SchemaExample(
        thing() | {"additionalProperties": TEXT}, thing() | {"additionalProperties": {}}
    ),
    "map-values-removed": SchemaExample(
        thing() | {"additionalProperties": TEXT},
        thing() | {"additionalProperties": False},
        thing() | {"additionalProperties": {**TEXT, "title": "T"}},
    ),
    "pattern-property-added": SchemaExample(thing(), thing() | {"patternProperties": {"^x": TEXT}}),
    "pattern-property-removed": SchemaExample(
        thing() | {"patternProperties": {"^x": TEXT}},
        thing(),
        thing() | {"patternProperties": {"^x": {**TEXT, "title": "T"}}},
    ),
    "dependent-property-required": SchemaExample(
        thing(a=TEXT, b=TEXT), thing(a=TEXT, b=TEXT) | {"dependentRequired": {"a": ["b"]}}
    ),
    "dependent-property-optional": SchemaExample(
        thing(a=TEXT, b=TEXT) | {"dependentRequired": {"a": ["b"]}}, thing(a=TEXT, b=TEXT)
    ),
    "min-contains-changed": SchemaExample(many(contains=TEXT, minContains=1), many(contains=TEXT, minContains=2)),
    "max-contains-changed": SchemaExample(many(contains=TEXT, maxContains=1), many(contains=TEXT, maxContains=2)),
    "exclusion-added": SchemaExample(TEXT, text(**{"not": {"const": "a"}})),
    "exclusion-removed": SchemaExample(text(**{"not": {"const": "a"}}), TEXT),
    "exclusion-changed": SchemaExample(
        text(**{"not": {"const": "a"}}), text(**{"not": {"const": "b"}}), text(**{"not": {"enum": ["a"]}})
    ),
    "condition-added": SchemaExample(
        thing(a=TEXT), thing(a=TEXT) | {"if": {"required": ["a"]}, "then": {"minProperties": 2}}
    ),
    "condition-removed": SchemaExample(
        thing(a=TEXT) | {"if": {"required": ["a"]}, "then": {"minProperties": 2}}, thing(a=TEXT)
    ),
    "condition-changed": SchemaExample(
        {"if": TEXT, "then": text(minLength=1)},
        {"if": TEXT, "then": text(minLength=2)},
        {"then": text(minLength=1), "if": TEXT},
    ),
    "contained-item-required": SchemaExample(many(), many(contains={"const": "a"})),
    "contained-item-dropped": SchemaExample(many(contains={"const": "a"}), many()),
    "contained-item-changed": SchemaExample(
        many(contains={"const": "a"}), many(contains={"const": "b"}), many(contains={"enum": ["a"]})
    ),
    "dependent-schema-added": SchemaExample(
        thing(a=TEXT), thing(a=TEXT) | {"dependentSchemas": {"a": {"minProperties": 2}}}
    ),
    "dependent-schema-removed": SchemaExample(
        thing(a=TEXT) | {"dependentSchemas": {"a": {"minProperties": 2}}}, thing(a=TEXT)
    ),
    "dependent-schema-changed": SchemaExample(
        thing() | {"dependentSchemas": {"a": {"minProperties": 2}}},
        thing() | {"dependentSchemas": {"a": {"minProperties": 3}}},
        thing() | {"dependentSchemas": {"a": {"minProperties": 2, "title": "T"}}},
    ),
    "content-schema-added": SchemaExample(
        text(contentMediaType="application/json"), text(contentMediaType="application/json", contentSchema=INT)
    ),
    "content-schema-removed": SchemaExample(
        text(contentMediaType="application/json", contentSchema=INT), text(contentMediaType="application/json")
    ),
    "content-schema-changed": SchemaExample(
        text(contentSchema=INT), text(contentSchema=TEXT), text(contentSchema={**INT, "title": "T"})
    ),
    "variant-removed": SchemaExample(PETS, CAT),
    "variant-added": SchemaExample({"anyOf": [CAT]}, {"anyOf": [DOG, CAT]}),
    "variants-became-exclusive": SchemaExample({"anyOf": OVERLAPPING}, {"oneOf": OVERLAPPING}),
    "variants-became-inclusive": SchemaExample({"oneOf": OVERLAPPING}, {"anyOf": OVERLAPPING}),
    "discriminator-added": SchemaExample(PETS, by_kind()),
    "discriminator-removed": SchemaExample(by_kind(), PETS),
    "discriminator-property-changed": SchemaExample(by_kind(), by_kind("lives"), {**by_kind(), "oneOf": [DOG, CAT]}),
    "discriminator-value-added": SchemaExample(by_kind(), by_kind(kitten="#/components/schemas/Kitten")),
    "discriminator-value-removed": SchemaExample(by_kind(kitten="#/components/schemas/Kitten"), by_kind()),
    "discriminator-value-changed": SchemaExample(
        by_kind(pet="#/components/schemas/Kitten"),
        by_kind(pet="#/components/schemas/Puppy"),
        by_kind(pet="Kitten"),
    ),
    "value-rejected": SchemaExample({"enum": ["aa", "bbbb"]}, {"enum": ["aa", "bbbb"], "maxLength": 3}),
    "value-possible": SchemaExample({"enum": ["aa", "bbbb"], "maxLength": 3}, {"enum": ["aa", "bbbb"]}),
    "default-added": SchemaExample(TEXT, text(default="a")),
    "default-removed": SchemaExample(text(default="a"), TEXT),
    "default-changed": SchemaExample(text(default="a"), text(default="b")),
    "deprecated": SchemaExample(TEXT, TEXT | _AFTER),
    "deprecated-without-sunset": SchemaExample(TEXT, text(deprecated=True)),
    "deprecation-withdrawn": SchemaExample(text(deprecated=True), TEXT),
}
COMPONENTS: Final = {"Kitten": CAT, "Puppy": DOG}
