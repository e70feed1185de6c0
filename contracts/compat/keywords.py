"""Reads the keywords that do not contain schemas: types, enums, limits and annotations."""

from collections.abc import Mapping
from typing import Any, Final

from contracts.compat.document import Node
from contracts.compat.loading import NotOpenAPI
from contracts.compat.normalized_schema import ALL, LOWER, NO_DEFAULT, NULL, UPPER, NormalizedSchema, Schema, wire_types
from contracts.compat.texts import json_key

_OBJECT: Final = ("properties", "additionalProperties", "patternProperties", "propertyNames")
_ARRAY: Final = ("items", "prefixItems")
_CONTENT_FORMATS: Final = {
    "byte": ("contentEncoding", "base64"),
    "binary": ("contentMediaType", "application/octet-stream"),
}
# RFC 2045: these encodings leave the data as it is.
_IDENTITY_ENCODINGS: Final = frozenset({"7bit", "8bit", "binary"})
_TYPE_NAMES: Final = frozenset({"null", "boolean", "object", "array", "number", "string", "integer"})
_ANY_TEXT: Final = frozenset({"", ".*", "^.*$", "^", "$"})


def read_keywords(normalized: NormalizedSchema, node: Node) -> None:
    """Add the constraints of one schema object, without those of the schemas below it."""
    value = node.mapping
    if value == {"not": {}}:
        normalized.types, normalized.type_pointer = frozenset(), node.pointer
        return
    declared = value.get("type")
    if declared is not None:
        names = declared if isinstance(declared, list) else [declared]
        if unknown := [name for name in names if not isinstance(name, str) or name not in _TYPE_NAMES]:
            raise NotOpenAPI(f"{node.pointer}/type is {unknown[0]!r}, which is not a type")
        types = wire_types(names) or ALL
        if value.get("nullable") is True:
            types |= NULL
        normalized.types, normalized.type_pointer = normalized.types & types, node.at("type").pointer
    elif any(name in value for name in _OBJECT):
        normalized.types &= frozenset({"object", "null"} if value.get("nullable") is True else {"object"})
    elif any(name in value for name in _ARRAY):
        normalized.types &= frozenset({"array", "null"} if value.get("nullable") is True else {"array"})
    if "const" in value:
        restrict(normalized, {json_key(value["const"]): value["const"]}, node.at("const").pointer)
    if isinstance(value.get("enum"), list):
        found = {json_key(one): one for one in value["enum"]}
        if value.get("nullable") is True:
            found["null"] = None
        restrict(normalized, found, node.at("enum").pointer)
    _read_limits(normalized, node)
    _read_annotations(normalized, node)


def _read_limits(normalized: NormalizedSchema, node: Node) -> None:
    _read_bounds(normalized, node)
    _read_range(normalized, node, "maximum", 1)
    _read_range(normalized, node, "minimum", -1)
    value = node.mapping
    multiple = _number(value.get("multipleOf"))
    if multiple is not None and multiple > 0:
        normalized.limits["multipleOf"] = (multiple, node.at("multipleOf").pointer)
    if value.get("uniqueItems") is True:
        normalized.limits["uniqueItems"] = (True, node.at("uniqueItems").pointer)
    _read_content(normalized, node)
    for name in ("minContains", "maxContains"):
        if _number(value.get(name)) is not None:
            normalized.limits[name] = (value[name], node.at(name).pointer)
    pattern = value.get("pattern")
    if isinstance(pattern, str) and pattern not in _ANY_TEXT:
        normalized.patterns.setdefault(pattern, node.at("pattern").pointer)
    stated = value.get("format")
    if isinstance(stated, str) and stated not in _CONTENT_FORMATS:
        normalized.formats.setdefault(stated, node.at("format").pointer)


def _read_content(normalized: NormalizedSchema, node: Node) -> None:
    """Read how a string contains other data. OpenAPI 3.0 has formats for what JSON Schema has keywords for."""
    for name in ("contentEncoding", "contentMediaType"):
        stated = node.mapping.get(name)
        if isinstance(stated, str) and stated.lower() not in _IDENTITY_ENCODINGS:
            normalized.limits[name] = (stated.lower().replace(" ", ""), node.at(name).pointer)
    keyword, implied = _CONTENT_FORMATS.get(str(node.mapping.get("format")), ("", ""))
    if keyword and keyword not in normalized.limits:
        normalized.limits[keyword] = (implied, node.at("format").pointer)


def _read_bounds(normalized: NormalizedSchema, node: Node) -> None:
    for names, tighter in ((UPPER, min), (LOWER, max)):
        for name in names:
            bound = _number(node.mapping.get(name))
            # A minimum of 0 does not limit a length or a count.
            if bound is None or (name in LOWER and bound <= 0):
                continue
            known = normalized.limits.get(name)
            best = bound if known is None else tighter(known[0], bound)
            normalized.limits[name] = (best, node.at(name).pointer)


def _read_range(normalized: NormalizedSchema, node: Node, name: str, sign: int) -> None:
    """Read a bound on numbers. `exclusiveMaximum` is a flag in OpenAPI 3.0, and a number from 3.1 on."""
    exclusive = "exclusive" + name.capitalize()
    stated = ((name, node.mapping.get(exclusive) is True), (exclusive, True))
    for keyword, exclusive_bound in stated:
        bound = _number(node.mapping.get(keyword))
        known = normalized.limits.get(name)
        if bound is None:
            continue
        if known is None or (sign * bound, not exclusive_bound) < (sign * known[0][0], not known[0][1]):
            normalized.limits[name] = ((bound, exclusive_bound), node.at(keyword).pointer)


def _read_annotations(normalized: NormalizedSchema, node: Node) -> None:
    value = node.mapping
    if "default" in value and normalized.default is NO_DEFAULT:
        normalized.default, normalized.default_pointer = value["default"], node.at("default").pointer
    normalized.deprecated |= value.get("deprecated") is True
    normalized.read_only |= value.get("readOnly") is True
    normalized.write_only |= value.get("writeOnly") is True
    normalized.sunset = normalized.sunset if normalized.sunset is not None else value.get("x-sunset")
    if isinstance(value.get("discriminator"), Mapping):
        normalized.discriminator = node.at("discriminator")


def restrict(normalized: NormalizedSchema, values: dict[str, Any], pointer: str) -> None:
    """Allow these values only."""
    known = normalized.enum
    normalized.enum = values if known is None else {key: value for key, value in values.items() if key in known}
    normalized.enum_pointer = pointer


def intersect(normalized: NormalizedSchema, inner: NormalizedSchema) -> None:
    """Add the constraints of another schema."""
    normalized.types &= inner.types
    normalized.type_pointer = inner.type_pointer or normalized.type_pointer
    if inner.enum is not None:
        restrict(normalized, inner.enum, inner.enum_pointer)
    for name in ("limits", "patterns", "formats", "required", "pattern_properties", "dependent_required"):
        getattr(normalized, name).update(getattr(inner, name))
    for name, schema in inner.properties.items():
        known = normalized.properties.get(name)
        normalized.properties[name] = schema if known is None else Schema((*known.parts, *schema.parts), name)
    if inner.additional is not True and normalized.additional is not False:
        normalized.additional, normalized.additional_pointer = inner.additional, inner.additional_pointer
    normalized.items = inner.items or normalized.items
    normalized.property_names = inner.property_names or normalized.property_names
    normalized.prefix = list(inner.prefix) or normalized.prefix
    normalized.unions += inner.unions
    normalized.discriminator = inner.discriminator or normalized.discriminator
    for keyword, schemas in inner.others.items():
        normalized.others.setdefault(keyword, []).extend(schemas)
    if normalized.default is NO_DEFAULT:
        normalized.default, normalized.default_pointer = inner.default, inner.default_pointer
    normalized.opaque |= inner.opaque
    normalized.deprecated |= inner.deprecated
    normalized.read_only |= inner.read_only
    normalized.write_only |= inner.write_only
    normalized.sunset = normalized.sunset if normalized.sunset is not None else inner.sunset


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
