"""Compares request bodies."""

from contracts.compat.catalogue.schemas import Context
from contracts.compat.comparison import Comparison
from contracts.compat.document import Node
from contracts.compat.media import Media, find_media, media_types
from contracts.compat.normalized_schema import Schema
from contracts.compat.pair import SchemaPair


def compare_request(comparison: Comparison, old: Node, new: Node, operation: str) -> None:
    """Compare the request bodies of an operation."""
    before = comparison.old.resolve(old.at("requestBody"))
    after = comparison.new.resolve(new.at("requestBody"))
    if not before.mapping and not after.mapping:
        return
    if not before.mapping:
        rule = "request-body-added-required" if after.at("required").flag else "request-body-added"
        comparison.report(rule, after.pointer, operation)
        return
    if not after.mapping:
        comparison.report("request-body-removed", before.pointer, operation)
        return
    if before.at("required").flag != after.at("required").flag:
        rule = "request-body-became-required" if after.at("required").flag else "request-body-became-optional"
        comparison.report(rule, after.pointer, operation)
    was, now = media_types(before), media_types(after)
    for name, media in was.items():
        successor = find_media(name, now)
        if successor is None:
            comparison.report("request-media-type-removed", media.node.pointer, operation, old=f"`{media.name}`")
            continue
        compare_content(comparison, media, successor, Context.BODY, operation)
        _compare_encodings(comparison, media.node, successor.node, operation)
    for name, media in now.items():
        if name not in was:
            comparison.report("request-media-type-added", media.node.pointer, operation, new=f"`{media.name}`")


def compare_content(comparison: Comparison, old: Media, new: Media, context: Context, operation: str) -> None:
    """Compare the schemas of one media type. A missing schema allows any value."""
    before, after = old.node.at("schema"), new.node.at("schema")
    comparison.compare_schemas(
        SchemaPair(Schema.of(before, "the body"), Schema.of(after, "the body"), context), operation
    )


def _compare_encodings(comparison: Comparison, old: Node, new: Node, operation: str) -> None:
    for name in sorted(old.at("encoding").mapping.keys() | new.at("encoding").mapping.keys()):
        before, after = old.at("encoding", name), new.at("encoding", name)
        types = [
            frozenset(
                part.strip().lower() for part in str(one.at("contentType").value or "").split(",") if part.strip()
            )
            for one in (before, after)
        ]
        details = {"what": f"`{name}`"}
        if types[0] != types[1]:
            narrower = (types[0] - types[1]) if types[0] else types[1]
            if types[1] and narrower:
                removed = ", ".join(sorted(types[0] - types[1])) or "anything else"
                comparison.report("request-encoding-narrowed", after.pointer, operation, old=removed, **details)
            else:
                new_types = ", ".join(sorted(types[1] - types[0])) or "anything"
                pointer = after.pointer if after.mapping else before.pointer
                comparison.report("request-encoding-widened", pointer, operation, new=new_types, **details)
        styles = [(one.at("style").value or "form", one.at("explode").value) for one in (before, after)]
        if styles[0] != styles[1]:
            shown = [
                f"`{style}`" + ("" if explode is None else f", explode {str(explode).lower()}")
                for style, explode in styles
            ]
            pointer = after.pointer if after.mapping else before.pointer
            comparison.report(
                "request-encoding-style-changed", pointer, operation, old=shown[0], new=shown[1], **details
            )
