"""Reads the keywords of one schema object that need no other: types, enums, limits and annotations."""

import json
from collections.abc import Mapping
from typing import Any, Final

from contracts.compat.document import Site
from contracts.compat.normalized_schema import ABSENT, ALL, LOWER, NULL, UPPER, Node, Shape, wire_types

_OBJECT: Final = ("properties", "additionalProperties", "patternProperties", "propertyNames")
_ARRAY: Final = ("items", "prefixItems")
_ANY_TEXT: Final = frozenset({"", ".*", "^.*$", "^", "$"})


def read_plain(shape: Shape, site: Site) -> None:
    """Add what one schema object says about values by itself."""
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
    elif any(name in value for name in _OBJECT):
        shape.types &= frozenset({"object", "null"} if value.get("nullable") is True else {"object"})
    elif any(name in value for name in _ARRAY):
        shape.types &= frozenset({"array", "null"} if value.get("nullable") is True else {"array"})
    if "const" in value:
        restrict(shape, {_key(value["const"]): value["const"]}, site.at("const").pointer)
    if isinstance(value.get("enum"), list):
        found = {_key(one): one for one in value["enum"]}
        if value.get("nullable") is True:
            found["null"] = None
        restrict(shape, found, site.at("enum").pointer)
    _read_limits(shape, site)
    _read_annotations(shape, site)


def _read_limits(shape: Shape, site: Site) -> None:
    _read_bounds(shape, site)
    _read_range(shape, site, "maximum", 1)
    _read_range(shape, site, "minimum", -1)
    value = site.mapping
    multiple = _number(value.get("multipleOf"))
    if multiple is not None and multiple > 0:
        shape.limits["multipleOf"] = (multiple, site.at("multipleOf").pointer)
    if value.get("uniqueItems") is True:
        shape.limits["uniqueItems"] = (True, site.at("uniqueItems").pointer)
    for name in ("contentEncoding", "contentMediaType"):
        if isinstance(value.get(name), str):
            shape.limits[name] = (value[name], site.at(name).pointer)
    for name in ("minContains", "maxContains"):
        if _number(value.get(name)) is not None:
            shape.limits[name] = (value[name], site.at(name).pointer)
    pattern = value.get("pattern")
    if isinstance(pattern, str) and pattern not in _ANY_TEXT:
        shape.patterns.setdefault(pattern, site.at("pattern").pointer)
    if isinstance(value.get("format"), str):
        shape.formats.setdefault(value["format"], site.at("format").pointer)


def _read_bounds(shape: Shape, site: Site) -> None:
    for names, tighter in ((UPPER, min), (LOWER, max)):
        for name in names:
            bound = _number(site.mapping.get(name))
            # At least nothing is no limit.
            if bound is None or (name in LOWER and bound <= 0):
                continue
            known = shape.limits.get(name)
            best = bound if known is None else tighter(known[0], bound)
            shape.limits[name] = (best, site.at(name).pointer)


def _read_range(shape: Shape, site: Site, name: str, sign: int) -> None:
    """A bound on numbers; `exclusiveMaximum` is a flag in OpenAPI 3.0, and a number of its own from 3.1 on."""
    exclusive = "exclusive" + name.capitalize()
    stated = ((name, site.mapping.get(exclusive) is True), (exclusive, True))
    for keyword, open_end in stated:
        bound = _number(site.mapping.get(keyword))
        known = shape.limits.get(name)
        if bound is None:
            continue
        if known is None or (sign * bound, not open_end) < (sign * known[0][0], not known[0][1]):
            shape.limits[name] = ((bound, open_end), site.at(keyword).pointer)


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


def restrict(shape: Shape, values: dict[str, Any], pointer: str) -> None:
    """Let only these values hold."""
    known = shape.enum
    shape.enum = values if known is None else {key: value for key, value in values.items() if key in known}
    shape.enum_pointer = pointer


def conjoin(shape: Shape, inner: Shape) -> None:
    """Let what another shape says hold as well."""
    shape.types &= inner.types
    shape.type_pointer = inner.type_pointer or shape.type_pointer
    if inner.enum is not None:
        restrict(shape, inner.enum, inner.enum_pointer)
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


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
