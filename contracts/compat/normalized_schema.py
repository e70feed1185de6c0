"""What a schema says, whichever way it is written: the form in which two schemas are compared."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.compat.document import Site

NULL: Final = frozenset({"null"})
NUMBER: Final = frozenset({"integer", "fraction"})
# A number is an integer or a fraction, so that "integer" is part of "number".
ALL: Final = NUMBER | {"null", "boolean", "string", "array", "object"}
UPPER: Final = ("maxLength", "maxItems", "maxProperties")
LOWER: Final = ("minLength", "minItems", "minProperties")
# The types that a keyword says something about.
TYPES_OF: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(
        ("maxLength", "minLength", "pattern", "contentEncoding", "contentMediaType"), frozenset({"string"})
    ),
    **dict.fromkeys(("maxItems", "minItems", "uniqueItems", "minContains", "maxContains"), frozenset({"array"})),
    **dict.fromkeys(("maxProperties", "minProperties"), frozenset({"object"})),
    **dict.fromkeys(("maximum", "minimum", "multipleOf"), NUMBER),
}
ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Part:
    """One of the schemas that hold at once; `bare` leaves its union out, whose variants are compared one by one."""

    site: Site
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the tree of schemas: everything that holds there at once, and the types that are looked at."""

    parts: tuple[Part, ...]
    label: str = ""
    only: frozenset[str] = ALL
    hint: str = ""

    @classmethod
    def of(cls, site: Site, label: str = "", hint: str = "") -> "Node":
        """The node of one schema."""
        return cls((Part(site),), label, hint=hint)

    @property
    def pointer(self) -> str:
        """Where it lies."""
        return self.parts[0].site.pointer

    @property
    def key(self) -> tuple[Any, ...]:
        """The same for the same schemas, wherever they are referred to from."""
        return (self.only, *((_identity(part.site.value), part.bare) for part in self.parts))

    def narrowed(self, types: frozenset[str]) -> "Node":
        """The same schema, looked at for some types only."""
        return Node(self.parts, self.label, self.only & types, self.hint)


def _identity(value: Any) -> Any:
    # Nothing is freed while two documents are compared, so the address names a mapping; a scalar names itself.
    return id(value) if isinstance(value, Mapping) else (type(value).__name__, repr(value))


ANYTHING: Final = Site({}, "")


@dataclass(slots=True)
class Union:
    """`oneOf` or `anyOf`."""

    keyword: str
    variants: list[Node]
    pointer: str


@dataclass(slots=True)
class Shape:
    """The conjunction of everything that holds at a node."""

    pointer: str
    types: frozenset[str] = ALL
    type_pointer: str = ""
    enum: dict[str, Any] | None = None
    enum_pointer: str = ""
    # keyword -> (value, pointer); of two bounds the tighter one. A bound on numbers is (number, exclusive).
    limits: dict[str, tuple[Any, str]] = field(default_factory=dict)
    patterns: dict[str, str] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    properties: dict[str, Node] = field(default_factory=dict)
    required: dict[str, str] = field(default_factory=dict)
    additional: bool | Node = True
    additional_pointer: str = ""
    pattern_properties: dict[str, Node] = field(default_factory=dict)
    property_names: Node | None = None
    dependent_required: dict[tuple[str, str], str] = field(default_factory=dict)
    items: Node | None = None
    prefix: list[Node] = field(default_factory=list)
    unions: list[Union] = field(default_factory=list)
    discriminator: Site | None = None
    # keyword -> the schemas under it, for what is compared for equality only
    others: dict[str, list[Node]] = field(default_factory=dict)
    default: Any = ABSENT
    default_pointer: str = ""
    deprecated: bool = False
    sunset: Any = None
    read_only: bool = False
    write_only: bool = False

    @property
    def unbounded(self) -> bool:
        """Whether every type is allowed."""
        return self.types == ALL and self.enum is None and not self.unions


def wire_types(names: Iterable[Any]) -> frozenset[str]:
    """The types behind the names that a `type` lists."""
    found: set[str] = set()
    for name in names:
        if name == "number":
            found |= NUMBER
        elif isinstance(name, str) and name in ALL:
            found.add(name)
    return frozenset(found)


def type_names(types: frozenset[str]) -> str:
    """The types in a reader's words."""
    if types == ALL:
        return "anything"
    names = sorted(types - {"fraction"} if types >= NUMBER else types)
    if "fraction" in types:
        names = ["number" if name in {"integer", "fraction"} else name for name in names]
    return " or ".join(names) or "nothing"


def type_of(value: Any) -> str:
    """The type of a value on the wire."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "integer" if float(value).is_integer() else "fraction"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
