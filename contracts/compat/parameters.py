"""Compares the parameters of an operation, including those of its path."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.compat.catalogue.change import Context
from contracts.compat.comparison import Comparison
from contracts.compat.document import Document, Node
from contracts.compat.media import media_types
from contracts.compat.normalized_schema import Part, Schema
from contracts.compat.pair import SchemaPair
from contracts.compat.sunset import SunsetPhase, parse_sunset, sunset_phase
from contracts.compat.text_lists import as_string, delimiter_of
from contracts.compat.wire import kinds_of, wire_form

# OpenAPI: tools ignore these header parameters, because other parts of the document define them.
_IGNORED = frozenset({"accept", "content-type", "authorization"})
_STYLES: Mapping[str, str] = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
# The media types whose text is that of a plain value, for numbers and booleans.
_PLAIN = frozenset({"integer", "fraction", "boolean"})
# The schema of the text in a segment of a path.
_SEGMENT: Mapping[str, int] = {"minLength": 1}


@dataclass(frozen=True, slots=True)
class EffectiveParameter:
    """A parameter with the defaults of OpenAPI for members that the document omits."""

    name: str
    location: str
    node: Node

    @property
    def required(self) -> bool:
        """Whether requests must contain it. Path parameters are always required."""
        return self.location == "path" or self.node.at("required").flag

    @property
    def style(self) -> str:
        """The serialisation style of its value."""
        return str(self.node.at("style").value or _STYLES.get(self.location, "form"))

    @property
    def explode(self) -> bool:
        """Whether each value of an array or object is a separate parameter."""
        stated = self.node.at("explode").value
        return stated if isinstance(stated, bool) else self.style in {"form", "cookie"}

    @property
    def media_type(self) -> str | None:
        """The media type of its value if it has `content` instead of `schema`."""
        return next(iter(media_types(self.node)), None)

    @property
    def schema_node(self) -> Node:
        """The node of its schema."""
        media = next(iter(media_types(self.node).values()), None)
        return self.node.at("schema") if media is None else media.node.at("schema")

    def schema(self, label: str) -> Schema:
        """Its schema. A segment of a path is never empty."""
        schema = Schema.of(self.schema_node, label)
        if self.location != "path":
            return schema
        return Schema((*schema.parts, Part(Node(_SEGMENT, schema.pointer))), label)

    def wire_form(self, kind: str) -> str:
        """The text that a value of a kind is sent as."""
        return wire_form(kind, self.style, self.name, explode=self.explode)

    @property
    def element(self) -> str:
        """The name in usage evidence."""
        return f"{self.location}:{self.name.lower() if self.location == 'header' else self.name}"

    def at(self, member: str) -> str:
        """The pointer of a member, or of the parameter if the member is absent."""
        return self.node.at(member).pointer if member in self.node.mapping else self.node.pointer


def compare_parameters(
    comparison: Comparison,
    old: tuple[Node, Node],
    new: tuple[Node, Node],
    operation: str,
    renamed: Mapping[str, str],
    *,
    inverted: bool = False,
    element: str = "",
) -> None:
    """Compare parameters. Each side is a path item and its operation.

    `inverted`: the server sends the request, and `element` is what usage evidence calls it.
    """
    before = {
        (location, renamed.get(name, name) if location == "path" else name): one
        for (location, name), one in _parameters(comparison.old, *old).items()
    }
    after = _parameters(comparison.new, *new)
    removed = [key for key in before if key not in after]
    added = [key for key in after if key not in before]
    for key, parameter in before.items():
        if key in after:
            if inverted:
                _compare_sent_by_server(comparison, parameter, after[key], operation, element)
            else:
                _compare(comparison, parameter, after[key], operation)
    for key in list(removed):
        moved = next((other for other in added if other[1].lower() == key[1].lower() and other[0] != key[0]), None)
        if moved is not None and not inverted:
            removed.remove(key)
            added.remove(moved)
            details: dict[str, Any] = {"what": f"`{key[1]}`", "old": key[0], "new": moved[0]}
            details["values"] = None, after[moved].required or _is_rejected(comparison, before[key])
            pointer, element = after[moved].node.pointer, before[key].element
            comparison.report("request-parameter-location-changed", pointer, operation, element=element, **details)
    for key in removed:
        _report_removed(
            comparison, before[key], operation, element if inverted else before[key].element, inverted=inverted
        )
    for key in added:
        parameter = after[key]
        rule = "request-parameter-added-required" if parameter.required else "request-parameter-added"
        chosen = "webhook-parameter-added" if inverted else rule
        details = {"what": f"`{parameter.name}`", "location": parameter.location}
        where = element if inverted else parameter.element
        comparison.report(chosen, parameter.node.pointer, operation, element=where, **details)


def _parameters(document: Document, item: Node, operation: Node) -> dict[tuple[str, str], EffectiveParameter]:
    found = {}
    for owner in (item, operation):
        listed = owner.at("parameters")
        for index in range(len(listed.items)):
            node = document.resolve(listed.at(index))
            name, location = node.at("name").value, node.at("in").value
            if not isinstance(name, str) or not isinstance(location, str):
                continue
            key = name.lower() if location == "header" else name
            if location != "header" or key not in _IGNORED:
                found[(location, key)] = EffectiveParameter(name, location, node)
    return found


def _report_removed(
    comparison: Comparison, parameter: EffectiveParameter, operation: str, element: str, *, inverted: bool
) -> None:
    node = parameter.node
    sunset = node.at("x-sunset").value
    rule = {
        SunsetPhase.BEFORE_SUNSET: "request-parameter-removed-before-sunset",
        SunsetPhase.AFTER_SUNSET: "request-parameter-removed-after-sunset",
    }.get(sunset_phase(node.at("deprecated").flag, sunset, comparison.today), "request-parameter-removed")
    chosen = "webhook-parameter-removed" if inverted else rule
    details: dict[str, Any] = {"what": f"`{parameter.name}`", "location": parameter.location, "old": sunset}
    details["values"] = None, _is_rejected(comparison, parameter)
    comparison.report(chosen, node.pointer, operation, element=element, **details)


def _is_rejected(comparison: Comparison, parameter: EffectiveParameter) -> bool:
    """Whether requests with a parameter that is no longer declared are rejected."""
    return parameter.location == "query" and comparison.rejects_undeclared_parameters


def _compare_sent_by_server(
    comparison: Comparison, old: EffectiveParameter, new: EffectiveParameter, operation: str, element: str
) -> None:
    if old.required != new.required:
        rule = "webhook-parameter-became-required" if new.required else "webhook-parameter-became-optional"
        comparison.report(
            rule, new.node.pointer, operation, element=element, what=f"`{new.name}`", location=new.location
        )
    comparison.compare_schemas(
        SchemaPair(Schema.of(old.schema_node, old.name), Schema.of(new.schema_node, new.name), Context.WEBHOOK),
        operation,
        element,
    )


def _compare(comparison: Comparison, old: EffectiveParameter, new: EffectiveParameter, operation: str) -> None:
    what, pointer = f"`{new.name}`", new.node.pointer
    if old.required != new.required:
        rule = "request-parameter-became-required" if new.required else "request-parameter-became-optional"
        comparison.report(rule, pointer, operation, element=old.element, what=what, location=new.location)
    if old.media_type != new.media_type and not _is_plain(comparison, old, new):
        details = {"old": old.media_type or "plain text", "new": new.media_type or "plain text"}
        comparison.report(
            "request-parameter-content-changed", pointer, operation, element=old.element, what=what, **details
        )
    else:
        _compare_serialization(comparison, old, new, operation)
    _compare_deprecation(comparison, old, new, operation)
    pair = SchemaPair(
        *_comparable_schemas(comparison, old, new),
        Context.PARAMETER,
        text=old.media_type is None and new.media_type is None,
        present=old.required and new.required,
    )
    comparison.compare_schemas(pair, operation, old.element)


def _comparable_schemas(
    comparison: Comparison, old: EffectiveParameter, new: EffectiveParameter
) -> tuple[Schema, Schema]:
    """The schemas of a parameter. A list that is one text in the URL becomes a string if the other side is a string."""
    before, after = old.schema(new.name), new.schema(new.name)
    normalizers = comparison.engine.old, comparison.engine.new
    types = [normalizer.normalize(one).types for normalizer, one in zip(normalizers, (before, after), strict=True)]
    if types == [{"array"}, {"string"}] and (delimiter := delimiter_of(old.style, explode=old.explode)):
        return as_string(normalizers[0], before, delimiter) or before, after
    if types == [{"string"}, {"array"}] and (delimiter := delimiter_of(new.style, explode=new.explode)):
        return before, as_string(normalizers[1], after, delimiter) or after
    return before, after


def _is_plain(comparison: Comparison, old: EffectiveParameter, new: EffectiveParameter) -> bool:
    """Whether all values are numbers and booleans, whose text in JSON is that of a plain parameter."""
    if {old.media_type, new.media_type} != {None, "application/json"}:
        return False
    types = (
        engine.normalize(Schema.of(one.schema_node)).types
        for engine, one in ((comparison.engine.old, old), (comparison.engine.new, new))
    )
    return all(one <= _PLAIN for one in types)


def _compare_serialization(
    comparison: Comparison, old: EffectiveParameter, new: EffectiveParameter, operation: str
) -> None:
    what, pointer = f"`{new.name}`", new.node.pointer
    types = [
        engine.normalize(Schema.of(one.schema_node)).types
        for engine, one in ((comparison.engine.old, old), (comparison.engine.new, new))
    ]
    # Values that only the new schema allows, or none allows any more, have no form to keep.
    changed = [
        kind
        for kind in kinds_of(types[0]) & kinds_of(types[1])
        if old.wire_form(kind) != new.wire_form(kind) and not _has_one_item(comparison, kind, old, new)
    ]
    if not changed:
        pass
    elif old.style != new.style:
        details = {"old": f"`{old.style}`", "new": f"`{new.style}`"}
        comparison.report(
            "request-parameter-style-changed", new.at("style"), operation, element=old.element, what=what, **details
        )
    elif old.explode != new.explode:
        details = {"old": str(old.explode).lower(), "new": str(new.explode).lower()}
        comparison.report(
            "request-parameter-explode-changed", new.at("explode"), operation, element=old.element, what=what, **details
        )
    else:
        details = {"old": f"`{old.name}`", "new": f"`{new.name}`"}
        comparison.report(
            "request-parameter-wire-name-changed", new.at("name"), operation, element=old.element, what=what, **details
        )
    for member, rejected, allowed in (
        ("allowReserved", "request-parameter-reserved-refused", "request-parameter-reserved-allowed"),
        ("allowEmptyValue", "request-parameter-empty-refused", "request-parameter-empty-allowed"),
    ):
        was, now = old.node.at(member).flag, new.node.at(member).flag
        if was != now and old.location == new.location == "query":
            comparison.report(allowed if now else rejected, pointer, operation, element=old.element, what=what)


def _has_one_item(comparison: Comparison, kind: str, old: EffectiveParameter, new: EffectiveParameter) -> bool:
    """Whether a list has at most one item, so that the separator of its items never occurs."""
    limits = [
        engine.normalize(Schema.of(one.schema_node)).limits.get("maxItems")
        for engine, one in ((comparison.engine.old, old), (comparison.engine.new, new))
    ]
    separated = {old.style, new.style} <= {"form", "spaceDelimited", "pipeDelimited"}
    return kind == "array" and separated and any(one is not None and one[0] <= 1 for one in limits)


def _compare_deprecation(
    comparison: Comparison, old: EffectiveParameter, new: EffectiveParameter, operation: str
) -> None:
    was, now = old.node.at("deprecated").flag, new.node.at("deprecated").flag
    before, after = old.node.at("x-sunset").value, new.node.at("x-sunset").value
    details = {"what": f"`{new.name}`", "location": new.location, "old": before, "new": after}
    days = parse_sunset(before), parse_sunset(after)
    if now and not was:
        rule = "request-parameter-is-deprecated" if days[1] else "request-parameter-is-deprecated-without-sunset"
        comparison.report(rule, new.node.pointer, operation, element=old.element, **details)
    elif was and not now:
        comparison.report(
            "request-parameter-is-no-longer-deprecated", new.node.pointer, operation, element=old.element, **details
        )
    elif was and days[0] and days[1] and days[1] < days[0]:
        comparison.report(
            "request-parameter-sunset-moved-earlier", new.node.pointer, operation, element=old.element, **details
        )
