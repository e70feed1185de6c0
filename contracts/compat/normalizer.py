"""Reads the schemas of one document into shapes: references followed, `allOf` merged, both ways to write null alike."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from contracts.compat.document import Document, Site
from contracts.compat.keywords import conjoin, read_plain, restrict
from contracts.compat.loading import NotOpenAPI
from contracts.compat.normalized_schema import ALL, NULL, Node, Part, Shape, Union, type_of

# What says nothing about the values: variants that hold nothing else beside an enum are one enum together.
_ENUM_ONLY: Final = frozenset({"enum", "const", "type", "title", "description", "deprecated", "examples", "example"})
_SAME_ONLY: Final = ("not", "if", "then", "else", "contains", "contentSchema")


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
            read_plain(shape, site)
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
            if not isinstance(site.value, dict) or id(site.value) in seen:
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
        self._read_names(shape, site)
        keyword = "additionalProperties" if "additionalProperties" in site.mapping else "unevaluatedProperties"
        additional = site.at(keyword)
        if additional.value is False or additional.value == {"not": {}}:
            shape.additional, shape.additional_pointer = False, additional.pointer
        elif isinstance(additional.value, dict) and additional.value and shape.additional is not False:
            shape.additional, shape.additional_pointer = Node.of(additional, "any other field"), additional.pointer

    def _read_names(self, shape: Shape, site: Site) -> None:
        if "propertyNames" in site.mapping:
            shape.property_names = Node.of(site.at("propertyNames"), "the names")
        for keyword in ("dependentRequired", "dependencies"):
            for name, needed in site.at(keyword).mapping.items():
                for other in needed if isinstance(needed, list) else ():
                    shape.dependent_required[(name, str(other))] = site.at(keyword, name).pointer
        for name in site.at("dependentSchemas").mapping:
            shape.others.setdefault("dependentSchemas", []).append(Node.of(site.at("dependentSchemas", name)))

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
            restrict(shape, found, union.pointer)
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
        conjoin(shape, inner)
