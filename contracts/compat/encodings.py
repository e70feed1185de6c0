"""Compares the `encoding` of the fields of forms."""

from contracts.compat.comparison import Comparison
from contracts.compat.document import Node
from contracts.compat.normalized_schema import Schema
from contracts.compat.pointers import join
from contracts.compat.wire import kinds_of, wire_form


def compare_encodings(comparison: Comparison, old: Node, new: Node, operation: str) -> None:
    """Compare how the fields of a form are encoded. Absent members have the defaults of OpenAPI."""
    properties = [
        engine.normalize(Schema.of(node.at("schema"))).properties
        for engine, node in ((comparison.engine.old, old), (comparison.engine.new, new))
    ]
    for name in sorted(old.at("encoding").mapping.keys() | new.at("encoding").mapping.keys()):
        if not all(name in one for one in properties):
            continue
        types = [
            engine.normalize(one[name]).types
            for engine, one in zip((comparison.engine.old, comparison.engine.new), properties, strict=True)
        ]
        before, after = old.at("encoding", name), new.at("encoding", name)
        pointer = after.pointer if after.mapping else before.pointer
        styled = [any(member in one.mapping for member in ("style", "explode")) for one in (before, after)]
        if not any(styled) or not all(
            one or not side.at("contentType").value for one, side in zip(styled, (before, after), strict=True)
        ):
            media = [_content_types(side, kinds) for side, kinds in zip((before, after), types, strict=True)]
            _compare_content_types(comparison, name, media, pointer, operation)
        forms = [
            {
                kind: wire_form(kind, _style(side), name, explode=_explode(side))
                for kind in kinds_of(types[0] & types[1])
            }
            for side in (before, after)
        ]
        if any(styled) and forms[0] != forms[1]:
            shown = [f"`{_style(side)}`, explode {str(_explode(side)).lower()}" for side in (before, after)]
            details = {"what": f"`{name}`", "old": shown[0], "new": shown[1]}
            comparison.report(
                "request-encoding-style-changed", pointer, operation, element="body" + join(":", name), **details
            )


def _style(encoding: Node) -> str:
    return str(encoding.at("style").value or "form")


def _explode(encoding: Node) -> bool:
    stated = encoding.at("explode").value
    return stated if isinstance(stated, bool) else _style(encoding) == "form"


def _content_types(encoding: Node, types: frozenset[str]) -> frozenset[str]:
    stated = encoding.at("contentType").value
    if isinstance(stated, str):
        return frozenset(part.strip().lower() for part in stated.split(",") if part.strip())
    if types <= {"object"}:
        return frozenset({"application/json"})
    return frozenset({"text/plain"}) if not types & {"object", "array"} else frozenset()


def _compare_content_types(
    comparison: Comparison, name: str, media: list[frozenset[str]], pointer: str, operation: str
) -> None:
    if media[0] == media[1]:
        return
    element = "body" + join(":", name)
    removed = {one for one in media[0] if one not in media[1] and f"{one.partition('/')[0]}/*" not in media[1]}
    if media[1] and "*/*" not in media[1] and (removed or not media[0]):
        old = ", ".join(sorted(removed)) or "anything else"
        comparison.report("request-encoding-narrowed", pointer, operation, element=element, old=old, what=f"`{name}`")
    else:
        new = ", ".join(sorted(media[1] - media[0])) or "anything"
        comparison.report("request-encoding-widened", pointer, operation, element=element, new=new, what=f"`{name}`")
