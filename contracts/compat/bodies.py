"""Compares request bodies."""

from contracts.compat.catalogue.change import Context
from contracts.compat.comparison import Comparison
from contracts.compat.document import Node
from contracts.compat.encodings import compare_encodings
from contracts.compat.media import Media, find_media, is_text, is_xml, matching_media, media_types
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
        comparison.report(rule, after.pointer, operation, element="body")
        return
    if not after.mapping:
        comparison.report("request-body-removed", before.pointer, operation, element="body")
        return
    if before.at("required").flag != after.at("required").flag:
        rule = "request-body-became-required" if after.at("required").flag else "request-body-became-optional"
        comparison.report(rule, after.pointer, operation, element="body")
    _compare_media_types(comparison, before, after, operation)


def _compare_media_types(comparison: Comparison, before: Node, after: Node, operation: str) -> None:
    was, now = media_types(before), media_types(after)
    for name, media in was.items():
        if find_media(name, now) is None:
            details = {"element": f"media:{media.name}", "old": f"`{media.name}`"}
            comparison.report("request-media-type-removed", media.node.pointer, operation, **details)
    present = before.at("required").flag and after.at("required").flag
    for media, successor in matching_media(was, now):
        compare_content(comparison, media, successor, Context.BODY, operation, "body", present=present)
        if is_text(successor.name):
            compare_encodings(comparison, media.node, successor.node, operation)
    for name, media in now.items():
        if find_media(name, was) is None:
            comparison.report("request-media-type-added", media.node.pointer, operation, new=f"`{media.name}`")


def compare_content(
    comparison: Comparison,
    old: Media,
    new: Media,
    context: Context,
    operation: str,
    element: str,
    *,
    status: str = "",
    present: bool = False,
) -> None:
    """Compare the schemas of one media type. A missing schema allows any value. `element` has the value."""
    before, after = old.node.at("schema"), new.node.at("schema")
    pair = SchemaPair(
        Schema.of(before, "the body"),
        Schema.of(after, "the body"),
        context,
        text=is_text(old.name) or is_xml(old.name),
        xml=is_xml(old.name) and is_xml(new.name),
        present=present,
    )
    comparison.compare_schemas(pair, operation, element, status)
