"""Compares responses: statuses, bodies, headers and links."""

import json
from collections.abc import Mapping

from contracts.compat.bodies import compare_content
from contracts.compat.catalogue.schemas import Context
from contracts.compat.comparison import Comparison
from contracts.compat.document import Node
from contracts.compat.media import find_media, media_types
from contracts.compat.normalized_schema import Schema
from contracts.compat.pair import SchemaPair


def compare_responses(comparison: Comparison, old: Node, new: Node, operation: str) -> None:
    """Compare the responses of an operation."""
    before, after = statuses(old), statuses(new)
    for status, node in before.items():
        successors = _successors(status, after)
        if not successors:
            _report_removed(comparison, status, node, before, operation)
        for successor in successors:
            was, now = comparison.old.resolve(node), comparison.new.resolve(successor)
            _compare_bodies(comparison, was, now, status, operation)
            _compare_headers(comparison, was, now, operation)
            _compare_links(comparison, was, now, status, operation)
    for status, node in after.items():
        if _response_for(status, before, exact=True) is None:
            _report_added(comparison, status, node, operation)


def statuses(operation: Node) -> dict[str, Node]:
    """The responses by status. Ranges such as `2XX` are in upper case."""
    responses = operation.at("responses")
    return {status.upper(): responses.at(status) for status in responses.mapping if not status.startswith("x-")}


def _is_success(status: str) -> bool:
    return status.startswith("2")


def _response_for(status: str, others: Mapping[str, Node], *, exact: bool = False) -> Node | None:
    """The response for a status: its own, that of its range, or `default` if no other response is a success."""
    for name in (status, f"{status[:1]}XX"):
        if name in others:
            return others[name]
    default = others.get("DEFAULT")
    if exact or default is None or not _is_success(status) or any(_is_success(other) for other in others):
        return None
    return default


def _successors(status: str, after: Mapping[str, Node]) -> list[Node]:
    """The new responses for a status. The successors of a range are its members."""
    if status.endswith("XX") and status not in after:
        return [node for other, node in after.items() if other[:1] == status[:1]]
    response = _response_for(status, after)
    return [] if response is None else [response]


def _report_removed(
    comparison: Comparison, status: str, node: Node, before: Mapping[str, Node], operation: str
) -> None:
    relied_on = _is_success(status) or (status.startswith("3") and not any(_is_success(other) for other in before))
    if status == "DEFAULT":
        comparison.report("response-default-removed", node.pointer, operation)
    elif relied_on:
        comparison.report("response-success-removed", node.pointer, operation, old=status)
    else:
        comparison.report("response-error-removed", node.pointer, operation, old=status)


def _report_added(comparison: Comparison, status: str, node: Node, operation: str) -> None:
    if status == "DEFAULT":
        comparison.report("response-default-added", node.pointer, operation)
    elif _is_success(status):
        comparison.report("response-success-added", node.pointer, operation, new=status)
    else:
        comparison.report("response-error-added", node.pointer, operation, new=status)


def _compare_bodies(comparison: Comparison, old: Node, new: Node, status: str, operation: str) -> None:
    before, after = media_types(old), media_types(new)
    if not before and after:
        comparison.report("response-body-added", new.pointer, operation, what=status)
        return
    if before and not after:
        comparison.report("response-body-removed", old.at("content").pointer, operation, what=status)
        return
    for name, media in before.items():
        own = after.get(name)
        if own is not None:
            compare_content(comparison, media, own, Context.RESPONSE, operation)
            continue
        wider = find_media(name, after)
        narrower = [one for other, one in after.items() if find_media(other, {name: media}) is not None]
        if wider is not None:
            details = {"old": f"`{media.name}`", "new": f"`{wider.name}`"}
            comparison.report("response-media-type-generalised", wider.node.pointer, operation, what=status, **details)
        elif narrower:
            for one in narrower:
                compare_content(comparison, media, one, Context.RESPONSE, operation)
        else:
            details = {"old": f"`{media.name}`"}
            comparison.report("response-media-type-removed", media.node.pointer, operation, what=status, **details)
    for name, media in after.items():
        if find_media(name, before) is None:
            details = {"new": f"`{media.name}`"}
            comparison.report("response-media-type-added", media.node.pointer, operation, what=status, **details)


def _compare_headers(comparison: Comparison, old: Node, new: Node, operation: str) -> None:
    before, after = _headers_by_name(old), _headers_by_name(new)
    for key, (name, reference) in before.items():
        if key not in after:
            comparison.report("response-header-removed", reference.pointer, operation, what=f"`{name}`")
            continue
        node, successor = comparison.old.resolve(reference), comparison.new.resolve(after[key][1])
        if node.at("required").flag != successor.at("required").flag:
            kind = "required" if successor.at("required").flag else "optional"
            comparison.report(f"response-header-became-{kind}", successor.pointer, operation, what=f"`{name}`")
        pair = SchemaPair(Schema.of(_schema_node(node), name), Schema.of(_schema_node(successor), name), Context.HEADER)
        comparison.compare_schemas(pair, operation)
    for key, (name, reference) in after.items():
        if key not in before:
            comparison.report("response-header-added", reference.pointer, operation, what=f"`{name}`")


def _headers_by_name(response: Node) -> dict[str, tuple[str, Node]]:
    headers = response.at("headers")
    # OpenAPI: tools ignore "Content-Type" here.
    return {name.lower(): (name, headers.at(name)) for name in headers.mapping if name.lower() != "content-type"}


def _schema_node(header: Node) -> Node:
    content = header.at("content")
    return content.at(next(iter(content.mapping)), "schema") if content.mapping else header.at("schema")


def _compare_links(comparison: Comparison, old: Node, new: Node, status: str, operation: str) -> None:
    before, after = old.at("links"), new.at("links")
    for name in before.mapping:
        details = {"what": f"`{name}`", "status": status}
        if name not in after.mapping:
            comparison.report("response-link-removed", before.at(name).pointer, operation, **details)
            continue
        pair = [
            resolve(node.at(name))
            for resolve, node in ((comparison.old.resolve, before), (comparison.new.resolve, after))
        ]
        if _target(pair[0]) != _target(pair[1]):
            comparison.report("response-link-changed", pair[1].pointer, operation, **details)
    for name in after.mapping:
        if name not in before.mapping:
            details = {"what": f"`{name}`", "status": status}
            comparison.report("response-link-added", after.at(name).pointer, operation, **details)


def _target(link: Node) -> str:
    members = ("operationId", "operationRef", "parameters", "requestBody")
    return json.dumps({name: link.at(name).value for name in members}, sort_keys=True)
