"""Normalises the schemas of one document: follows references, merges `allOf`, and unifies the spellings of null."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from contracts.compat.document import Document, Node
from contracts.compat.keywords import intersect, read_keywords, restrict
from contracts.compat.loading import NotOpenAPI
from contracts.compat.normalized_schema import ALL, NULL, NormalizedSchema, Part, Schema, Union, type_of

# A union of variants that have no other keywords than these is one enum.
_ENUM_ONLY: Final = frozenset({"enum", "const", "type", "title", "description", "deprecated", "examples", "example"})
_SAME_ONLY: Final = ("not", "if", "then", "else", "contains", "contentSchema")
# Keywords that only values can decide, keywords that cut an enum, and keywords that imply a type.
_OPAQUE: Final = frozenset(
    [
        *_SAME_ONLY,
        "dependentSchemas",
        "dependentRequired",
        "patternProperties",
        "propertyNames",
        "unevaluatedProperties",
        "unevaluatedItems",
        "minProperties",
        "maxProperties",
        "uniqueItems",
        "prefixItems",
    ]
)
_OF_OBJECTS: Final = frozenset(
    [
        "properties",
        "required",
        "patternProperties",
        "additionalProperties",
        "unevaluatedProperties",
        "propertyNames",
        "dependentRequired",
        "dependencies",
        "dependentSchemas",
    ]
)
_OF_ARRAYS: Final = frozenset(["items", "prefixItems", "unevaluatedItems"])
_LIMITS: Final = frozenset(
    ["maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum", "multipleOf", "maxLength", "minLength", "pattern"]
)
_IMPLY_TYPE: Final = frozenset(["properties", "items", "additionalProperties", "prefixItems", "required"])


class SchemaNormalizer:
    """Normalises the schemas of one document, each schema once."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._normalized: dict[tuple[Any, ...], NormalizedSchema] = {}
        self._in_progress: set[tuple[Any, ...]] = set()
        # The number of variants that were read, as a measure of the work.
        self.work = 0

    def normalize(self, schema: Schema) -> NormalizedSchema:
        """Combine all constraints of a schema."""
        key = schema.key
        if (known := self._normalized.get(key)) is not None:
            return known
        if key in self._in_progress:
            # A union that contains itself as a variant allows nothing beyond its other variants.
            return NormalizedSchema(schema.pointer, types=frozenset())
        self._in_progress.add(key)
        try:
            normalized = self._read(schema)
        finally:
            self._in_progress.discard(key)
        self._normalized[key] = normalized
        return normalized

    def variant_name(self, node: Node) -> str:
        """The name of a variant in both documents: its component, or its title."""
        reference = node.mapping.get("$ref")
        if isinstance(reference, str):
            return reference.rpartition("/")[2]
        title = node.mapping.get("title")
        return title if isinstance(title, str) else ""

    def discriminator_values(self, normalized: NormalizedSchema) -> dict[str, Schema]:
        """The schemas by discriminator value: of `mapping`, of a `const` or `enum`, or of the component name."""
        if normalized.discriminator is None:
            return {}
        name = normalized.discriminator.at("propertyName").value
        found: dict[str, Schema] = {}
        mapped: set[str] = set()
        for value, target in normalized.discriminator.at("mapping").mapping.items():
            if isinstance(target, str):
                node = Node({"$ref": target if "#" in target else f"#/components/schemas/{target}"}, "")
                with suppress(NotOpenAPI):
                    resolved = self._document.resolve(node)
                    found[value] = Schema.of(resolved, name=self.variant_name(node))
                    mapped.add(resolved.pointer)
        for union in normalized.unions:
            for schema in union.variants:
                if self._document.resolve(schema.parts[0].node).pointer in mapped:
                    continue
                fixed = self.normalize(schema).properties.get(name)
                values = None if fixed is None else self.normalize(fixed).enum
                names = [str(value) for value in values.values()] if values else [schema.name]
                found |= {one: schema for one in names if one}
        return found

    def _read(self, schema: Schema) -> NormalizedSchema:
        flat = list(self._flatten(schema))
        normalized = NormalizedSchema(flat[0][0].pointer if flat else schema.pointer)
        normalized.name = self.variant_name(schema.parts[0].node) if "$ref" in schema.parts[0].node.mapping else ""
        for node, without_union in flat:
            if normalized.xml is None and node.at("xml").mapping:
                normalized.xml = node.at("xml")
            read_keywords(normalized, node)
            self._read_object(normalized, node)
            self._read_array(normalized, node)
            for keyword in _SAME_ONLY:
                if keyword in node.mapping:
                    normalized.others.setdefault(keyword, []).append(Schema.of(node.at(keyword)))
            if not without_union:
                for keyword in ("oneOf", "anyOf"):
                    if node.at(keyword).items:
                        self._read_union(normalized, node, keyword)
        if flat and flat[0][0].mapping.get("nullable") is True and "type" not in flat[0][0].mapping:
            normalized.types |= NULL
        normalized.opaque |= bool(normalized.unions) or _is_opaque([node.value for node, _ in flat], normalized)
        normalized.types &= schema.types
        if normalized.enum is not None:
            normalized.enum = {
                key: value for key, value in normalized.enum.items() if type_of(value) in normalized.types
            }
            normalized.types = frozenset(type_of(value) for value in normalized.enum.values())
        return normalized

    def _flatten(self, schema: Schema) -> Iterator[tuple[Node, bool]]:
        """Yield the schema objects that apply, each once. Follows `$ref` and `allOf`."""
        queue = [(part.node, part.without_union) for part in reversed(schema.parts)]
        seen: set[int] = set()
        while queue:
            node, without_union = queue.pop()
            if node.value is False:
                yield Node({"not": {}}, node.pointer), without_union
                continue
            if not isinstance(node.value, dict) or id(node.value) in seen:
                continue
            seen.add(id(node.value))
            node = self._document.known_keywords(node)
            reference = node.value.get("$ref")
            if isinstance(reference, str):
                queue.append((self._document.target(reference, node.pointer), without_union))
                if not self._document.ref_siblings_apply or len(node.value) == 1:
                    continue
            else:
                yield node, without_union
            queue += [
                (node.at("allOf", index), without_union) for index in reversed(range(len(node.at("allOf").items)))
            ]
            if isinstance(reference, str):
                yield node, without_union

    def _read_object(self, normalized: NormalizedSchema, node: Node) -> None:
        if node.mapping.keys().isdisjoint(_OF_OBJECTS):
            return
        for name in node.at("properties").mapping:
            child = node.at("properties", name)
            known = normalized.properties.get(name)
            parts = (*(known.parts if known else ()), Part(child))
            normalized.properties[name] = Schema(parts, name)
        for index, name in enumerate(node.at("required").items):
            if isinstance(name, str):
                normalized.required.setdefault(name, node.at("required", index).pointer)
        for pattern in node.at("patternProperties").mapping:
            normalized.pattern_properties.setdefault(pattern, Schema.of(node.at("patternProperties", pattern), pattern))
        self._read_names(normalized, node)
        keyword = "additionalProperties" if "additionalProperties" in node.mapping else "unevaluatedProperties"
        additional = node.at(keyword)
        if additional.value is False or additional.value == {"not": {}}:
            normalized.additional, normalized.additional_pointer = False, additional.pointer
        elif isinstance(additional.value, dict) and additional.value and normalized.additional is not False:
            normalized.additional = Schema.of(additional, "any other field")
            normalized.additional_pointer = additional.pointer

    def _read_names(self, normalized: NormalizedSchema, node: Node) -> None:
        if "propertyNames" in node.mapping:
            normalized.property_names = Schema.of(node.at("propertyNames"), "the names")
        for keyword in ("dependentRequired", "dependencies"):
            for name, needed in node.at(keyword).mapping.items():
                for other in needed if isinstance(needed, list) else ():
                    normalized.dependent_required[(name, str(other))] = node.at(keyword, name).pointer
        for name in node.at("dependentSchemas").mapping:
            normalized.others.setdefault("dependentSchemas", []).append(Schema.of(node.at("dependentSchemas", name)))

    def _read_array(self, normalized: NormalizedSchema, node: Node) -> None:
        if node.mapping.keys().isdisjoint(_OF_ARRAYS):
            return
        prefix = node.at("prefixItems")
        for index in range(len(prefix.items)):
            if index == len(normalized.prefix):
                normalized.prefix.append(Schema.of(prefix.at(index), f"item {index}"))
        keyword = "items" if "items" in node.mapping else "unevaluatedItems"
        if keyword in node.mapping and not isinstance(node.value[keyword], list):
            known = normalized.items.parts if normalized.items else ()
            normalized.items = Schema((*known, Part(node.at(keyword))), "each item")

    def _read_union(self, normalized: NormalizedSchema, node: Node, keyword: str) -> None:
        union = node.at(keyword)
        nodes = [union.at(index) for index in range(len(union.items))]
        schemas = [Schema.of(one, name=self.variant_name(one)) for one in nodes]
        self.work += len(schemas)
        variants = [self.normalize(schema) for schema in schemas]
        not_null = [schema for schema, one in zip(schemas, variants, strict=True) if one.types != NULL]
        nullable = len(not_null) < len(schemas) or any("null" in one.types for one in variants)
        normalized.opaque |= any(one.opaque for one in variants)
        # `oneOf` rejects a value that several variants accept.
        normalized.opaque |= keyword == "oneOf" and sum("null" in one.types for one in variants) > 1
        if not nullable:
            normalized.types -= NULL
        if not not_null:
            normalized.types &= NULL
        elif len(not_null) == 1:
            self._merge(normalized, not_null[0], nullable=nullable)
        elif all(one.enum is not None for one in variants) and all(
            self._document.resolve(one).mapping.keys() <= _ENUM_ONLY for one in nodes
        ):
            found = {key: value for one in variants for key, value in (one.enum or {}).items()}
            restrict(normalized, found, union.pointer)
            normalized.opaque |= keyword == "oneOf"
        else:
            normalized.types &= frozenset[str]().union(*(one.types for one in variants))
            normalized.unions.append(Union(keyword, [self._without_null(schema) for schema in not_null], union.pointer))

    def _without_null(self, schema: Schema) -> Schema:
        # An unrestricted schema is the same as that of other references, so that it is compared once.
        return schema.restrict_to(ALL - NULL) if "null" in self.normalize(schema).types else schema

    def _merge(self, normalized: NormalizedSchema, schema: Schema, *, nullable: bool) -> None:
        """Replace a union of one variant, with or without null, by that variant."""
        inner = replace(self.normalize(schema))
        if nullable:
            inner.types |= NULL
            if inner.enum is not None:
                inner.enum = {**inner.enum, "null": None}
        intersect(normalized, inner)


def _is_opaque(values: list[dict[str, Any]], normalized: NormalizedSchema) -> bool:
    """Whether the keywords depend on each other, so that comparing them one by one is not enough."""
    keys = {key for value in values for key in value}
    listed = bool(keys & {"enum", "const"}) and bool(keys & _LIMITS)
    closed = len(values) > 1 and normalized.additional is not True
    untyped = "type" not in keys and bool(keys & _IMPLY_TYPE)
    empty = "maxItems" in normalized.limits and normalized.limits["maxItems"][0] <= 0
    return bool(keys & _OPAQUE) or listed or closed or untyped or empty
