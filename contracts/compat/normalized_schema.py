"""Schemas and their normalised form. Two spellings of the same constraints have the same normalised form."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from contracts.compat.document import Node

NULL: Final = frozenset({"null"})
# "number" is split into integers and fractions, so that "integer" is a subset of "number".
NUMBER: Final = frozenset({"integer", "fraction"})
ALL: Final = NUMBER | {"null", "boolean", "string", "array", "object"}
UPPER: Final = ("maxLength", "maxItems", "maxProperties")
LOWER: Final = ("minLength", "minItems", "minProperties")
# Keyword -> the types that it constrains.
TYPES_OF: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(
        ("maxLength", "minLength", "pattern", "contentEncoding", "contentMediaType"), frozenset({"string"})
    ),
    **dict.fromkeys(("maxItems", "minItems", "uniqueItems", "minContains", "maxContains"), frozenset({"array"})),
    **dict.fromkeys(("maxProperties", "minProperties"), frozenset({"object"})),
    **dict.fromkeys(("maximum", "minimum", "multipleOf"), NUMBER),
}
NO_DEFAULT: Final = object()
"""The `default` of a schema that declares none. `None` is the JSON value null."""


@dataclass(frozen=True, slots=True)
class Part:
    """One schema object of a schema. `without_union` ignores its union: the variants are compared one by one."""

    node: Node
    without_union: bool = False


@dataclass(frozen=True)
class Schema:
    """The schema objects that apply to a value together, restricted to `types`.

    `label` names the value in messages. `name` identifies a variant of a union in both documents.
    """

    parts: tuple[Part, ...]
    label: str = ""
    types: frozenset[str] = ALL
    name: str = ""

    @classmethod
    def of(cls, node: Node, label: str = "", name: str = "") -> "Schema":
        """The schema of one schema object."""
        return cls((Part(node),), label, name=name)

    @property
    def pointer(self) -> str:
        """The JSON pointer of the first schema object."""
        return self.parts[0].node.pointer

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """Equal for the same schema objects, independent of the references to them."""
        return (self.types, *((_identity(part.node.value), part.without_union) for part in self.parts))

    def restrict_to(self, types: frozenset[str]) -> "Schema":
        """The same schema for values of these types only."""
        return Schema(self.parts, self.label, self.types & types, self.name)


def _identity(value: Any) -> Any:
    if isinstance(value, Mapping) and len(value) == 1 and "$ref" in value:
        return ("$ref", repr(value["$ref"]))
    # No object is freed during a comparison, so the address identifies a mapping. Scalars are compared by value.
    return id(value) if isinstance(value, Mapping) else (type(value).__name__, repr(value))


ANYTHING: Final = Node({}, "")


@dataclass(slots=True)
class Union:
    """`oneOf` or `anyOf`."""

    keyword: str
    variants: list[Schema]
    pointer: str


@dataclass(slots=True)
class NormalizedSchema:
    """All constraints of a schema, combined."""

    pointer: str
    types: frozenset[str] = ALL
    type_pointer: str = ""
    enum: dict[str, Any] | None = None
    enum_pointer: str = ""
    # Keyword -> (value, pointer); the tighter one of two bounds. `maximum` and `minimum` have (number, exclusive).
    limits: dict[str, tuple[Any, str]] = field(default_factory=dict)
    patterns: dict[str, str] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    properties: dict[str, Schema] = field(default_factory=dict)
    required: dict[str, str] = field(default_factory=dict)
    additional: bool | Schema = True
    additional_pointer: str = ""
    pattern_properties: dict[str, Schema] = field(default_factory=dict)
    property_names: Schema | None = None
    dependent_required: dict[tuple[str, str], str] = field(default_factory=dict)
    items: Schema | None = None
    prefix: list[Schema] = field(default_factory=list)
    unions: list[Union] = field(default_factory=list)
    discriminator: Node | None = None
    # Keyword -> the schemas below it, for keywords that are compared for equality only.
    others: dict[str, list[Schema]] = field(default_factory=dict)
    default: Any = NO_DEFAULT
    default_pointer: str = ""
    # Has keywords that only values can decide.
    opaque: bool = False
    xml: Node | None = None
    # The name of the component, if the schema is a reference to one.
    name: str = ""
    deprecated: bool = False
    sunset: Any = None
    read_only: bool = False
    write_only: bool = False


def wire_types(names: Iterable[Any]) -> frozenset[str]:
    """The types of JSON values that a list of type names allows."""
    found: set[str] = set()
    for name in names:
        if name == "number":
            found |= NUMBER
        elif isinstance(name, str) and name in ALL:
            found.add(name)
    return frozenset(found)


def type_names(types: frozenset[str]) -> str:
    """The types as a phrase for messages: "integer or null"."""
    if types == ALL:
        return "anything"
    names = sorted(types - {"fraction"} if types >= NUMBER else types)
    if "fraction" in types:
        names = ["number" if name in {"integer", "fraction"} else name for name in names]
    return " or ".join(names) or "nothing"


def type_of(value: Any) -> str:
    """The type of a JSON value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "integer" if float(value).is_integer() else "fraction"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
