"""Converts a schema of a document to a JSON Schema that a validator accepts on its own."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from contracts.compat.document import Document, Node
from contracts.compat.normalized_schema import ALL, NULL, Schema

_MAX_OBJECTS: Final = 600
_MAX_VISITS: Final = 6_000
_INT32: Final = {"minimum": -(2**31), "maximum": 2**31 - 1}
# Formats whose values all have one length.
_LENGTHS: Final = {"date": 10, "uuid": 36}
_COPIED: Final = frozenset(
    {
        "type", "enum", "const", "maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum", "multipleOf",
        "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxContains", "minContains",
        "maxProperties", "minProperties", "required", "dependentRequired",
    }
)  # fmt: skip
_ANNOTATIONS: Final = ("format", "contentEncoding", "contentMediaType")
# Formats that exclude no value that programs exchange as JSON, or that the conversion replaces by bounds.
HINTS: Final = frozenset({"int32", "int64", "double", "password", "byte", "binary"})
_LISTS: Final = ("allOf", "anyOf", "oneOf")
# Keywords with schemas for the same value, and keywords with schemas for values inside it.
_SAME: Final = ("not", "if", "then", "else")
_COMPOSED: Final = frozenset({*_LISTS, *_SAME, "dependentSchemas"})
_BRANCHES: Final = ("then", "else")
_INSIDE: Final = (
    "additionalProperties",
    "propertyNames",
    "items",
    "contains",
    "unevaluatedItems",
    "unevaluatedProperties",
)
_MAPS: Final = ("patternProperties",)
_UNIONS: Final = ("oneOf", "anyOf")


class TooLarge(Exception):
    """The schema reaches more objects than a validator can check in reasonable time."""


class StandaloneConverter:
    """Converts schemas of one document.

    `client_sends` decides which of the properties marked `readOnly` and `writeOnly` are transferred. `ignored` has
    the pointers of properties whose schema is ignored. `received`: the schema is what clients expect to receive. They
    ignore fields that are new in responses, so closed objects allow undeclared fields, and ignored fields are optional.
    """

    def __init__(
        self, document: Document, prefix: str, ignored: frozenset[str], *, client_sends: bool, received: bool = False
    ) -> None:
        self._document = document
        self._prefix = prefix
        self._hidden = "readOnly" if client_sends else "writeOnly"
        self._ignored = ignored
        self._received = received
        self._names: dict[tuple[str, frozenset[str], frozenset[str], bool], str] = {}
        self._count = 0
        self._visited = 0
        self.definitions: dict[str, Any] = {}
        # Keywords that a validator does not check, with their values.
        self.annotations: set[tuple[str, str]] = set()

    def convert(self, schema: Schema) -> Any:
        """The JSON Schema, whose references lead to `definitions`. Raises ``TooLarge``."""
        declared: set[str] = set()
        hidden: set[str] = set()
        for part in schema.parts:
            for node in self._same_value(part.node):
                self._declare(node, declared, hidden)
        names = (frozenset(declared), frozenset(hidden))
        parts = []
        for part in schema.parts:
            node = part.node
            if part.without_union:
                node = Node({key: value for key, value in node.mapping.items() if key not in _UNIONS}, node.pointer)
            parts.append(self._convert(node, names))
        if schema.types != ALL:
            parts.append(_types(schema.types))
        return parts[0] if len(parts) == 1 else {"allOf": parts}

    def _same_value(self, node: Node) -> Iterator[Node]:
        """Yield the schema objects that apply to the same value, through references and every kind of composition."""
        queue, seen = [node], set()
        while queue:
            one = queue.pop()
            if not isinstance(one.value, dict) or id(one.value) in seen:
                continue
            seen.add(id(one.value))
            self._visited += 1
            if self._visited > _MAX_VISITS:
                raise TooLarge
            if isinstance(reference := one.value.get("$ref"), str):
                queue.append(self._document.target(reference, one.pointer))
                if not self._document.ref_siblings_apply:
                    continue
            yield one
            if one.value.keys().isdisjoint(_COMPOSED):
                continue
            for keyword in _LISTS:
                queue += [one.at(keyword, index) for index in range(len(one.at(keyword).items))]
            queue += [one.at(keyword) for keyword in _SAME]
            queue += [one.at("dependentSchemas", name) for name in one.at("dependentSchemas").mapping]

    def _declare(self, node: Node, declared: set[str], hidden: set[str]) -> None:
        for name in node.at("properties").mapping:
            declared.add(name)
            child = node.at("properties", name)
            removed = self._received and child.pointer in self._ignored
            if removed or any(one.value.get(self._hidden) is True for one in self._same_value(child)):
                hidden.add(name)

    def _fresh(self, node: Node) -> Any:
        declared: set[str] = set()
        hidden: set[str] = set()
        for one in self._same_value(node):
            self._declare(one, declared, hidden)
        return self._convert(node, (frozenset(declared), frozenset(hidden)))

    def _convert(self, node: Node, names: tuple[frozenset[str], frozenset[str]]) -> Any:
        if not isinstance(node.value, dict):
            return node.value if isinstance(node.value, bool) else True
        self._count += 1
        if self._count > _MAX_OBJECTS:
            raise TooLarge
        value: Mapping[str, Any] = node.value
        reference = value.get("$ref")
        if isinstance(reference, str):
            target = {"$ref": self._reference(reference, node.pointer, names)}
            if not self._document.ref_siblings_apply or len(value) == 1:
                return target
            rest = self._convert(Node({k: v for k, v in value.items() if k != "$ref"}, node.pointer), names)
            return {"allOf": [target, rest]}
        node = self._document.known_keywords(node)
        found = {key: one for key, one in node.mapping.items() if key in _COPIED}
        self.annotations |= {
            (key, str(one)) for key in _ANNOTATIONS if (one := node.mapping.get(key)) is not None and one not in HINTS
        }
        self._convert_same(node, found, names)
        self._convert_inside(node, found)
        self._convert_fields(node, found, names)
        self._convert_numbers(node, found)
        return self._convert_null(node, found)

    def _reference(self, reference: str, pointer: str, names: tuple[frozenset[str], frozenset[str]]) -> str:
        target = self._document.target(reference, pointer)
        key = (target.pointer, *names, self._received)
        if key not in self._names:
            name = self._names[key] = f"{self._prefix}{len(self._names)}"
            self.definitions[name] = self._convert(target, names)
        return f"#/$defs/{self._names[key]}"

    def _convert_same(self, node: Node, found: dict[str, Any], names: tuple[frozenset[str], frozenset[str]]) -> None:
        """Convert the schemas for the same value."""
        for keyword in _LISTS:
            if listed := node.at(keyword).items:
                found[keyword] = [self._convert(node.at(keyword, index), names) for index in range(len(listed))]
        for keyword in _SAME:
            if keyword in node.mapping:
                received = self._received
                # Excluded values and conditions are exact: a closed object stays closed there.
                self._received = received and keyword in _BRANCHES
                found[keyword] = self._convert(node.at(keyword), names)
                self._received = received
        if node.at("dependentSchemas").mapping:
            found["dependentSchemas"] = {
                name: self._convert(node.at("dependentSchemas", name), names)
                for name in node.at("dependentSchemas").mapping
            }

    def _convert_inside(self, node: Node, found: dict[str, Any]) -> None:
        """Convert the schemas for values inside the value, without those of fields by name."""
        if prefix := node.at("prefixItems").items:
            found["prefixItems"] = [self._fresh(node.at("prefixItems", index)) for index in range(len(prefix))]
        for keyword in _INSIDE:
            if keyword in node.mapping:
                found[keyword] = self._fresh(node.at(keyword))
        for keyword in _MAPS:
            if node.at(keyword).mapping:
                found[keyword] = {name: self._fresh(node.at(keyword, name)) for name in node.at(keyword).mapping}

    def _convert_fields(self, node: Node, found: dict[str, Any], names: tuple[frozenset[str], frozenset[str]]) -> None:
        """Convert the schemas of fields by name, and open closed objects."""
        declared, hidden = names
        properties = {}
        for name in node.at("properties").mapping:
            child = node.at("properties", name)
            ignored = name in hidden or child.pointer in self._ignored
            properties[name] = True if ignored else self._fresh(child)
        if self._received:
            for keyword in ("additionalProperties", "unevaluatedProperties"):
                if found.get(keyword) in (False, {"not": {}}):
                    del found[keyword]
                    if keyword == "additionalProperties":
                        properties |= dict.fromkeys(declared - properties.keys(), False)
        if properties:
            found["properties"] = properties
        if isinstance(found.get("required"), list):
            found["required"] = [name for name in found["required"] if name not in hidden]

    def _convert_numbers(self, node: Node, found: dict[str, Any]) -> None:
        for keyword in ("maximum", "minimum"):
            exclusive = "exclusive" + keyword.capitalize()
            if isinstance(found.get(exclusive), bool) and found.pop(exclusive) and keyword in found:
                found[exclusive] = found.pop(keyword)
        format_ = node.mapping.get("format")
        if format_ == "int32" and found.get("type") == "integer":
            found["minimum"] = max(found.get("minimum", _INT32["minimum"]), _INT32["minimum"])
            found["maximum"] = min(found.get("maximum", _INT32["maximum"]), _INT32["maximum"])
        if isinstance(format_, str) and format_ in _LENGTHS:
            length = _LENGTHS[format_]
            found["minLength"] = max(found.get("minLength", length), length)
            found["maxLength"] = min(found.get("maxLength", length), length)

    def _convert_null(self, node: Node, found: dict[str, Any]) -> Any:
        if node.mapping.get("nullable") is not True:
            return found
        return {"anyOf": [{"type": "null"}, found]}


def _types(types: frozenset[str]) -> dict[str, Any]:
    if types == ALL - NULL:
        return {"not": {"type": "null"}}
    names = sorted(types - {"fraction"} | ({"number"} if "fraction" in types else set()))
    if not names:
        return {"not": {}}
    restricted: dict[str, Any] = {"type": names}
    if "fraction" in types and "integer" not in types:
        restricted["not"] = {"type": "integer"}
    return restricted
