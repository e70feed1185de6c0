"""For each change of a schema a pair that shows it, and a change next to it that breaks nobody."""

from typing import Any, Final, NamedTuple

Json = Any


class SchemaPair(NamedTuple):
    """`harmless` is the schema to change `old` into where the way back is no harmless change."""

    old: Json
    new: Json
    harmless: Json | None = None


TEXT: Final = {"type": "string"}
INT: Final = {"type": "integer"}
CAT: Final = {"title": "Cat", "type": "object", "properties": {"kind": {"const": "cat"}, "lives": INT}}
DOG: Final = {"title": "Dog", "type": "object", "properties": {"kind": {"const": "dog"}, "barks": {"type": "boolean"}}}
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


def _bounds(name: str, keyword: str, base: Json, *, upper: bool) -> dict[str, SchemaPair]:
    tight, loose = (5, 9) if upper else (9, 5)
    tighter, looser = ("decreased", "increased") if upper else ("increased", "decreased")
    return {
        f"{name}-{tighter}": SchemaPair({**base, keyword: loose}, {**base, keyword: tight}),
        f"{name}-{looser}": SchemaPair({**base, keyword: tight}, {**base, keyword: loose}),
        f"{name}-added": SchemaPair(base, {**base, keyword: tight}),
        f"{name}-removed": SchemaPair({**base, keyword: tight}, base),
    }


_BEFORE, _AFTER = {"deprecated": True, "x-sunset": "2020-01-31"}, {"deprecated": True, "x-sunset": "2999-12-31"}

SCHEMA_PAIRS: Final[dict[str, SchemaPair]] = {
    "type-changed": SchemaPair(TEXT, INT, {**TEXT, "description": "A word."}),
    "type-narrowed": SchemaPair({"type": "number"}, INT),
    "type-widened": SchemaPair(INT, {"type": "number"}),
    "became-nullable": SchemaPair(TEXT, {"type": ["string", "null"]}),
    "became-not-nullable": SchemaPair({"anyOf": [TEXT, {"type": "null"}]}, TEXT),
    "enum-value-removed": SchemaPair(text(enum=["a", "b"]), text(enum=["a"])),
    "enum-value-added": SchemaPair(text(enum=["a"]), text(enum=["b", "a"])),
    "became-enum": SchemaPair(TEXT, text(enum=["a"])),
    "enum-dropped": SchemaPair(text(enum=["a"]), TEXT),
    "const-changed": SchemaPair({"const": "a"}, {"const": "b"}, text(enum=["a"])),
    **_bounds("max-length", "maxLength", TEXT, upper=True),
    **_bounds("min-length", "minLength", TEXT, upper=False),
    **_bounds("max-items", "maxItems", many(), upper=True),
    **_bounds("min-items", "minItems", many(), upper=False),
    **_bounds("max-properties", "maxProperties", thing(), upper=True),
    **_bounds("min-properties", "minProperties", thing(), upper=False),
    **_bounds("maximum", "maximum", number(), upper=True),
    **_bounds("minimum", "minimum", number(), upper=False),
    "maximum-became-exclusive": SchemaPair(number(maximum=5), number(exclusiveMaximum=5)),
    "maximum-became-inclusive": SchemaPair(number(exclusiveMaximum=5), number(maximum=5)),
    "minimum-became-exclusive": SchemaPair(number(minimum=5), number(exclusiveMinimum=5)),
    "minimum-became-inclusive": SchemaPair(number(exclusiveMinimum=5), number(minimum=5)),
    "multiple-of-added": SchemaPair(INT, {**INT, "multipleOf": 5}),
    "multiple-of-removed": SchemaPair({**INT, "multipleOf": 5}, INT),
    "multiple-of-narrowed": SchemaPair(number(multipleOf=0.1), number(multipleOf=0.5)),
    "multiple-of-widened": SchemaPair(number(multipleOf=10), number(multipleOf=5)),
    "multiple-of-changed": SchemaPair(number(multipleOf=4), number(multipleOf=6), number(multipleOf=4.0)),
    "unique-items-required": SchemaPair(many(), many(uniqueItems=True)),
    "unique-items-dropped": SchemaPair(many(uniqueItems=True), many(uniqueItems=False)),
    "pattern-added": SchemaPair(text(pattern=".*"), text(pattern="^a")),
    "pattern-removed": SchemaPair(text(pattern="^a"), TEXT),
    "pattern-changed": SchemaPair(text(pattern="^a"), text(pattern="^b"), text(pattern="^a", examples=["a"])),
    "format-added": SchemaPair(TEXT, text(format="uuid")),
    "format-removed": SchemaPair(text(format="uuid"), TEXT),
    "format-narrowed": SchemaPair({**INT, "format": "int64"}, {**INT, "format": "int32"}),
    "format-widened": SchemaPair({**INT, "format": "int32"}, {**INT, "format": "int64"}),
    "format-changed": SchemaPair(text(format="date"), text(format="date-time"), text(format="date", title="Day")),
    "content-encoding-changed": SchemaPair(
        text(contentEncoding="base64"), text(contentEncoding="base16"), text(contentEncoding="base64", title="T")
    ),
    "content-media-type-changed": SchemaPair(
        text(contentMediaType="image/png"),
        text(contentMediaType="image/gif"),
        text(contentMediaType="image/png", title="T"),
    ),
    "property-added": SchemaPair(thing(a=TEXT), thing(a=TEXT, b=TEXT), thing(a={**TEXT, "title": "A"})),
    "required-property-added": SchemaPair(thing(a=TEXT), thing("b", a=TEXT, b=TEXT), thing(a=TEXT, b=TEXT)),
    "property-removed": SchemaPair(thing(a=TEXT, b=TEXT), thing(a=TEXT), thing(b=TEXT, a=TEXT)),
    "property-removed-before-sunset": SchemaPair(
        thing(a=TEXT | _AFTER), thing(), thing(a=TEXT | _AFTER | {"title": "A"})
    ),
    "property-removed-after-sunset": SchemaPair(
        thing(a=TEXT | _BEFORE), thing(), thing(a=TEXT | _BEFORE | {"title": "A"})
    ),
    "property-became-required": SchemaPair(thing(a=TEXT), thing("a", a=TEXT)),
    "property-became-optional": SchemaPair(thing("a", a=TEXT), thing(a=TEXT)),
    "property-became-read-only": SchemaPair(thing(a=TEXT), thing(a=text(readOnly=True)), thing(a=text(readOnly=False))),
    "property-became-write-only": SchemaPair(
        thing(a=TEXT), thing(a=text(writeOnly=True)), thing(a=text(writeOnly=False))
    ),
    "property-became-writable": SchemaPair(
        thing(a=text(readOnly=True)), thing(a=TEXT), thing(a=text(readOnly=True, title="A"))
    ),
    "property-became-readable": SchemaPair(
        thing(a=text(writeOnly=True)), thing(a=TEXT), thing(a=text(writeOnly=True, title="A"))
    ),
    "additional-properties-closed": SchemaPair(thing(), thing() | {"additionalProperties": False}),
    "additional-properties-opened": SchemaPair(thing() | {"unevaluatedProperties": False}, thing()),
    "additional-properties-typed": SchemaPair(thing(), thing() | {"additionalProperties": TEXT}),
    "additional-properties-untyped": SchemaPair(
        thing() | {"additionalProperties": TEXT}, thing() | {"additionalProperties": {}}
    ),
    "map-values-removed": SchemaPair(
        thing() | {"additionalProperties": TEXT},
        thing() | {"additionalProperties": False},
        thing() | {"additionalProperties": {**TEXT, "title": "T"}},
    ),
    "pattern-property-added": SchemaPair(thing(), thing() | {"patternProperties": {"^x": TEXT}}),
    "pattern-property-removed": SchemaPair(
        thing() | {"patternProperties": {"^x": TEXT}},
        thing(),
        thing() | {"patternProperties": {"^x": {**TEXT, "title": "T"}}},
    ),
    "dependent-property-required": SchemaPair(
        thing(a=TEXT, b=TEXT), thing(a=TEXT, b=TEXT) | {"dependentRequired": {"a": ["b"]}}
    ),
    "dependent-property-optional": SchemaPair(
        thing(a=TEXT, b=TEXT) | {"dependentRequired": {"a": ["b"]}}, thing(a=TEXT, b=TEXT)
    ),
    "min-contains-changed": SchemaPair(many(contains=TEXT, minContains=1), many(contains=TEXT, minContains=2)),
    "max-contains-changed": SchemaPair(many(contains=TEXT, maxContains=1), many(contains=TEXT, maxContains=2)),
    "exclusion-added": SchemaPair(TEXT, text(**{"not": {"const": "a"}})),
    "exclusion-removed": SchemaPair(text(**{"not": {"const": "a"}}), TEXT),
    "exclusion-changed": SchemaPair(
        text(**{"not": {"const": "a"}}), text(**{"not": {"const": "b"}}), text(**{"not": {"enum": ["a"]}})
    ),
    "condition-added": SchemaPair(
        thing(a=TEXT), thing(a=TEXT) | {"if": {"required": ["a"]}, "then": {"minProperties": 2}}
    ),
    "condition-removed": SchemaPair(
        thing(a=TEXT) | {"if": {"required": ["a"]}, "then": {"minProperties": 2}}, thing(a=TEXT)
    ),
    "condition-changed": SchemaPair(
        {"if": TEXT, "then": text(minLength=1)},
        {"if": TEXT, "then": text(minLength=2)},
        {"then": text(minLength=1), "if": TEXT},
    ),
    "contained-item-required": SchemaPair(many(), many(contains={"const": "a"})),
    "contained-item-dropped": SchemaPair(many(contains={"const": "a"}), many()),
    "contained-item-changed": SchemaPair(
        many(contains={"const": "a"}), many(contains={"const": "b"}), many(contains={"enum": ["a"]})
    ),
    "dependent-schema-added": SchemaPair(
        thing(a=TEXT), thing(a=TEXT) | {"dependentSchemas": {"a": {"minProperties": 2}}}
    ),
    "dependent-schema-removed": SchemaPair(
        thing(a=TEXT) | {"dependentSchemas": {"a": {"minProperties": 2}}}, thing(a=TEXT)
    ),
    "dependent-schema-changed": SchemaPair(
        thing() | {"dependentSchemas": {"a": {"minProperties": 2}}},
        thing() | {"dependentSchemas": {"a": {"minProperties": 3}}},
        thing() | {"dependentSchemas": {"a": {"minProperties": 2, "title": "T"}}},
    ),
    "content-schema-added": SchemaPair(
        text(contentMediaType="application/json"), text(contentMediaType="application/json", contentSchema=INT)
    ),
    "content-schema-removed": SchemaPair(
        text(contentMediaType="application/json", contentSchema=INT), text(contentMediaType="application/json")
    ),
    "content-schema-changed": SchemaPair(
        text(contentSchema=INT), text(contentSchema=TEXT), text(contentSchema={**INT, "title": "T"})
    ),
    "variant-removed": SchemaPair(PETS, CAT),
    "variant-added": SchemaPair({"anyOf": [CAT]}, {"anyOf": [DOG, CAT]}),
    "variants-became-exclusive": SchemaPair({"anyOf": [CAT, DOG]}, {"oneOf": [DOG, CAT]}),
    "variants-became-inclusive": SchemaPair({"oneOf": [CAT, DOG]}, {"anyOf": [CAT, DOG]}),
    "discriminator-added": SchemaPair(PETS, by_kind()),
    "discriminator-removed": SchemaPair(by_kind(), PETS),
    "discriminator-property-changed": SchemaPair(by_kind(), by_kind("lives"), {**by_kind(), "oneOf": [DOG, CAT]}),
    "discriminator-value-added": SchemaPair(by_kind(), by_kind(kitten="#/components/schemas/Kitten")),
    "discriminator-value-removed": SchemaPair(by_kind(kitten="#/components/schemas/Kitten"), by_kind()),
    "discriminator-value-changed": SchemaPair(
        by_kind(pet="#/components/schemas/Kitten"),
        by_kind(pet="#/components/schemas/Puppy"),
        by_kind(pet="Kitten"),
    ),
    "default-added": SchemaPair(TEXT, text(default="a")),
    "default-removed": SchemaPair(text(default="a"), TEXT),
    "default-changed": SchemaPair(text(default="a"), text(default="b")),
    "deprecated": SchemaPair(TEXT, TEXT | _AFTER),
    "deprecated-without-sunset": SchemaPair(TEXT, text(deprecated=True)),
    "deprecation-withdrawn": SchemaPair(text(deprecated=True), TEXT),
}
COMPONENTS: Final = {"Kitten": CAT, "Puppy": DOG}
