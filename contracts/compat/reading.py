"""Reads the schemas of one document into shapes: references followed, `allOf` merged, both ways to write null alike."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from contracts.compat.document import Document, Site
from contracts.compat.loading import NotOpenAPI
from contracts.compat.shape import ABSENT, ALL, LOWER, NULL, UPPER, Node, Part, Shape, Union, type_of, wire_types

# What says nothing about the values: variants that hold nothing else beside an enum are one enum together.
_ENUM_ONLY: Final = frozenset({"enum", "const", "type", "title", "description", "deprecated", "examples", "example"})
_SAME_ONLY: Final = ("not", "if", "then", "else", "contains", "contentSchema")
_OBJECT: Final = ("properties", "additionalProperties", "patternProperties", "propertyNames", "required")
_ARRAY: Final = ("items", "prefixItems")


class Reader:
    """The shapes of one document's schemas."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._shapes: dict[tuple[Any, ...], Shape] = {}
        self._open: set[tuple[Any, ...]] = set()

    def shape(self, node: Node) -> Shape:
        """What holds at a node."""
        key = node.key
        if (known := self._shapes.get(key)) is not None:
            return known
        if key in self._open:
            # A union that is one of its own variants adds nothing to itself.
            return Shape(node.pointer, types=frozenset())
        self._open.add(key)
        try:
            shape = self._read(node)
        finally:
            self._open.discard(key)
        self._shapes[key] = shape
        return shape

    def hint(self, site: Site) -> str:
        """A name by which a variant is known again: its component, or its title."""
        reference = site.mapping.get("$ref")
        if isinstance(reference, str):
            return reference.rpartition("/")[2]
        title = site.mapping.get("title")
        return title if isinstance(title, str) else ""

    def kinds(self, shape: Shape) -> dict[str, Node]:
        """The values of a discriminator with the schemas they mean, whether mapped, implied or fixed by the variant."""
        if shape.discriminator is None:
            return {}
        name = shape.discriminator.at("propertyName").value
        found: dict[str, Node] = {}
        mapped: set[str] = set()
        for kind, target in shape.discriminator.at("mapping").mapping.items():
            if isinstance(target, str):
                site = Site({"$ref": target if "#" in target else f"#/components/schemas/{target}"}, "")
                with suppress(NotOpenAPI):
                    resolved = self._document.resolve(site)
                    found[kind] = Node.of(resolved, hint=self.hint(site))
                    mapped.add(resolved.pointer)
        for union in shape.unions:
            for node in union.variants:
                if self._document.resolve(node.parts[0].site).pointer in mapped:
                    continue
                fixed = self.shape(node).properties.get(name)
                values = None if fixed is None else self.shape(fixed).enum
                kinds = [str(value) for value in values.values()] if values else [node.hint]
                found |= {kind: node for kind in kinds if kind}
        return found

    def _read(self, node: Node) -> Shape:
        flat = list(self._flat(node))
        shape = Shape(flat[0][0].pointer if flat else node.pointer)
        for site, bare in flat:
            _read_plain(shape, site)
            self._read_object(shape, site)
            self._read_array(shape, site)
            for keyword in _SAME_ONLY:
                if keyword in site.mapping:
                    shape.others.setdefault(keyword, []).append(Node.of(site.at(keyword)))
            if not bare:
                for keyword in ("oneOf", "anyOf"):
                    if site.at(keyword).items:
                        self._read_union(shape, site, keyword)
        if flat and flat[0][0].mapping.get("nullable") is True and "type" not in flat[0][0].mapping:
            shape.types |= NULL
        shape.types &= node.only
        if shape.enum is not None:
            shape.enum = {key: value for key, value in shape.enum.items() if type_of(value) in shape.types}
            shape.types = frozenset(type_of(value) for value in shape.enum.values())
        return shape

    def _flat(self, node: Node) -> Iterator[tuple[Site, bool]]:
        """Every schema object that holds here, references and `allOf` followed, each once."""
        waiting = [(part.site, part.bare) for part in reversed(node.parts)]
        seen: set[int] = set()
        while waiting:
            site, bare = waiting.pop()
            if site.value is False:
                yield Site({"not": {}}, site.pointer), bare
                continue
            if not isinstance(site.value, Mapping) or id(site.value) in seen:
                continue
            seen.add(id(site.value))
            reference = site.value.get("$ref")
            if isinstance(reference, str):
                waiting.append((self._document.target(reference, site.pointer), bare))
                if not self._document.siblings or len(site.value) == 1:
                    continue
            else:
                yield site, bare
            waiting += [(site.at("allOf", index), bare) for index in reversed(range(len(site.at("allOf").items)))]
            if isinstance(reference, str):
                yield site, bare

    def _read_object(self, shape: Shape, site: Site) -> None:
        for name in site.at("properties").mapping:
            child = site.at("properties", name)
            known = shape.properties.get(name)
            parts = (*(known.parts if known else ()), Part(child))
            shape.properties[name] = Node(parts, name)
        for index, name in enumerate(site.at("required").items):
            if isinstance(name, str):
                shape.required.setdefault(name, site.at("required", index).pointer)
        for pattern in site.at("patternProperties").mapping:
            shape.pattern_properties.setdefault(pattern, Node.of(site.at("patternProperties", pattern), pattern))
        if "propertyNames" in site.mapping:
            shape.property_names = Node.of(site.at("propertyNames"), "the names")
        for keyword in ("dependentRequired", "dependencies"):
            for name, needed in site.at(keyword).mapping.items():
                for other in needed if isinstance(needed, list) else ():
                    shape.dependent_required[(name, str(other))] = site.at(keyword, name).pointer
        for name in site.at("dependentSchemas").mapping:
            shape.others.setdefault("dependentSchemas", []).append(Node.of(site.at("dependentSchemas", name)))
        keyword = "additionalProperties" if "additionalProperties" in site.mapping else "unevaluatedProperties"
        additional = site.at(keyword)
        if additional.value is False:
            shape.additional, shape.additional_pointer = False, additional.pointer
        elif isinstance(additional.value, Mapping) and additional.value and shape.additional is not False:
            shape.additional, shape.additional_pointer = Node.of(additional, "any other field"), additional.pointer

    def _read_array(self, shape: Shape, site: Site) -> None:
        prefix = site.at("prefixItems")
        for index in range(len(prefix.items)):
            if index == len(shape.prefix):
                shape.prefix.append(Node.of(prefix.at(index), f"item {index}"))
        keyword = "items" if "items" in site.mapping else "unevaluatedItems"
        if keyword in site.mapping and not isinstance(site.value[keyword], list):
            known = shape.items.parts if shape.items else ()
            shape.items = Node((*known, Part(site.at(keyword))), "each item")

    def _read_union(self, shape: Shape, site: Site, keyword: str) -> None:
        union = site.at(keyword)
        sites = [union.at(index) for index in range(len(union.items))]
        nodes = [Node.of(one, hint=self.hint(one)) for one in sites]
        shapes = [self.shape(node) for node in nodes]
        values = [node for node, one in zip(nodes, shapes, strict=True) if one.types != NULL]
        nullable = len(values) < len(nodes) or any("null" in one.types for one in shapes)
        if not nullable:
            shape.types -= NULL
        if not values:
            shape.types &= NULL
        elif len(values) == 1:
            self._merge(shape, values[0], nullable=nullable)
        elif all(one.enum is not None for one in shapes) and all(
            self._document.resolve(one).mapping.keys() <= _ENUM_ONLY for one in sites
        ):
            found = {key: value for one in shapes for key, value in (one.enum or {}).items()}
            _restrict(shape, found, union.pointer)
        else:
            shape.types &= frozenset[str]().union(*(one.types for one in shapes))
            shape.unions.append(Union(keyword, [node.narrowed(ALL - NULL) for node in values], union.pointer))

    def _merge(self, shape: Shape, node: Node, *, nullable: bool) -> None:
        """Let the one variant beside null hold here itself."""
        inner = replace(self.shape(node))
        if nullable:
            inner.types |= NULL
            if inner.enum is not None:
                inner.enum = {**inner.enum, "null": None}
        _conjoin(shape, inner)


def _read_plain(shape: Shape, site: Site) -> None:
    value = site.mapping
    if value == {"not": {}}:
        shape.types, shape.type_pointer = frozenset(), site.pointer
        return
    declared = value.get("type")
    if declared is not None:
        names = declared if isinstance(declared, list) else [declared]
        types = wire_types(names) or ALL
        if value.get("nullable") is True:
            types |= NULL
        shape.types, shape.type_pointer = shape.types & types, site.at("type").pointer
    elif any(name in value for name in _OBJECT[:-1]):
        shape.types &= frozenset({"object", "null"} if value.get("nullable") is True else {"object"})
    elif any(name in value for name in _ARRAY):
        shape.types &= frozenset({"array", "null"} if value.get("nullable") is True else {"array"})
    if "const" in value:
        _restrict(shape, {_key(value["const"]): value["const"]}, site.at("const").pointer)
    if isinstance(value.get("enum"), list):
        found = {_key(one): one for one in value["enum"]}
        if value.get("nullable") is True:
            found["null"] = None
        _restrict(shape, found, site.at("enum").pointer)
    _read_limits(shape, site)
    _read_annotations(shape, site)


def _read_limits(shape: Shape, site: Site) -> None:
    value = site.mapping
    for names, tighter in ((UPPER, min), (LOWER, max)):
        for name in names:
            bound = value.get(name)
            if _is_number(bound) and not (name in LOWER and bound <= 0):
                known = shape.limits.get(name)
                best = bound if known is None else tighter(known[0], bound)
                shape.limits[name] = (best, site.at(name).pointer)
    for name, sign in (("maximum", 1), ("minimum", -1)):
        exclusive = "exclusive" + name.capitalize()
        bounds = [(value[name], value.get(exclusive) is True, name)] if _is_number(value.get(name)) else []
        if _is_number(value.get(exclusive)):
            bounds.append((value[exclusive], True, exclusive))
        for bound, open_end, keyword in bounds:
            known = shape.limits.get(name)
            found = ((bound, open_end), site.at(keyword).pointer)
            if known is None or (sign * bound, not open_end) < (sign * known[0][0], not known[0][1]):
                shape.limits[name] = found
    if _is_number(value.get("multipleOf")) and value["multipleOf"] > 0:
        shape.limits["multipleOf"] = (value["multipleOf"], site.at("multipleOf").pointer)
    if value.get("uniqueItems") is True:
        shape.limits["uniqueItems"] = (True, site.at("uniqueItems").pointer)
    for name in ("contentEncoding", "contentMediaType"):
        if isinstance(value.get(name), str):
            shape.limits[name] = (value[name], site.at(name).pointer)
    for name in ("minContains", "maxContains"):
        if _is_number(value.get(name)):
            shape.limits[name] = (value[name], site.at(name).pointer)
    pattern = value.get("pattern")
    if isinstance(pattern, str) and pattern not in {"", ".*", "^.*$", "^", "$"}:
        shape.patterns.setdefault(pattern, site.at("pattern").pointer)
    if isinstance(value.get("format"), str):
        shape.formats.setdefault(value["format"], site.at("format").pointer)


def _read_annotations(shape: Shape, site: Site) -> None:
    value = site.mapping
    if "default" in value and shape.default is ABSENT:
        shape.default, shape.default_pointer = value["default"], site.at("default").pointer
    shape.deprecated |= value.get("deprecated") is True
    shape.read_only |= value.get("readOnly") is True
    shape.write_only |= value.get("writeOnly") is True
    shape.sunset = shape.sunset if shape.sunset is not None else value.get("x-sunset")
    if isinstance(value.get("discriminator"), Mapping):
        shape.discriminator = site.at("discriminator")


def _restrict(shape: Shape, values: dict[str, Any], pointer: str) -> None:
    known = shape.enum
    shape.enum = values if known is None else {key: value for key, value in values.items() if key in known}
    shape.enum_pointer = pointer


def _conjoin(shape: Shape, inner: Shape) -> None:
    """Let what another shape says hold as well."""
    shape.types &= inner.types
    shape.type_pointer = inner.type_pointer or shape.type_pointer
    if inner.enum is not None:
        _restrict(shape, inner.enum, inner.enum_pointer)
    for name in ("limits", "patterns", "formats", "required", "pattern_properties", "dependent_required"):
        getattr(shape, name).update(getattr(inner, name))
    for name, node in inner.properties.items():
        known = shape.properties.get(name)
        shape.properties[name] = node if known is None else Node((*known.parts, *node.parts), name)
    if inner.additional is not True and shape.additional is not False:
        shape.additional, shape.additional_pointer = inner.additional, inner.additional_pointer
    shape.items = inner.items or shape.items
    shape.property_names = inner.property_names or shape.property_names
    shape.prefix = list(inner.prefix) or shape.prefix
    shape.unions += inner.unions
    shape.discriminator = inner.discriminator or shape.discriminator
    for keyword, nodes in inner.others.items():
        shape.others.setdefault(keyword, []).extend(nodes)
    if shape.default is ABSENT:
        shape.default, shape.default_pointer = inner.default, inner.default_pointer
    shape.deprecated |= inner.deprecated
    shape.read_only |= inner.read_only
    shape.write_only |= inner.write_only
    shape.sunset = shape.sunset if shape.sunset is not None else inner.sunset


def _key(value: Any) -> str:
    """Equal for values that are equal in JSON: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
