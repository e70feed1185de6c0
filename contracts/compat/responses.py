"""Compares responses: statuses, bodies, headers and links."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from contracts.compat.bodies import compare_content
from contracts.compat.catalogue.change import Context
from contracts.compat.comparison import Comparison
from contracts.compat.document import Node
from contracts.compat.media import find_media, matching_media, media_types
from contracts.compat.normalized_schema import Schema
from contracts.compat.pair import SchemaPair
from contracts.compat.wire import kinds_of, wire_form

# HTTP: responses of these statuses have no body.
_WITHOUT_BODY: Final = frozenset({"204", "205", "304"})


def compare_responses(comparison: Comparison, old: Node, new: Node, operation: str) -> None:
    """Compare the responses of an operation. Each status is compared with the key that applied to it before."""
    before, after = statuses(old), statuses(new)
    for status, node in before.items():
        members = status.endswith("XX") and any(other[:1] == status[:1] for other in after)
        if find_response(status, after) is None and not members:
            _report_removed(comparison, status, node, before, operation)
    for status, reference, successor in matching_responses(before, after):
        was, now = comparison.old.resolve(reference), comparison.new.resolve(successor)
        if status not in _WITHOUT_BODY:
            _compare_bodies(comparison, was, now, status, operation)
        _compare_headers(comparison, was, now, status, operation)
        _compare_links(comparison, was, now, status, operation)
    for status, node in after.items():
        if find_response(status, before) is None:
            _report_added(comparison, status, node, operation)


def statuses(operation: Node) -> dict[str, Node]:
    """The responses by status. Ranges such as `2XX` are in upper case."""
    responses = operation.at("responses")
    return {status.upper(): responses.at(status) for status in responses.mapping if not status.startswith("x-")}


def _is_success(status: str) -> bool:
    return status.startswith("2")


def find_response(status: str, others: Mapping[str, Node]) -> Node | None:
    """The response that applies to a status: its own, that of its range, or `default`.

    `default` applies to a success only if no other response is one: else it describes errors.
    """
    for name in (status, f"{status[:1]}XX"):
        if name in others:
            return others[name]
    if _is_success(status) and any(_is_success(other) for other in others):
        return None
    return others.get("DEFAULT")


def matching_responses(old: Mapping[str, Node], new: Mapping[str, Node]) -> Iterator[tuple[str, Node, Node]]:
    """Yield the pairs of responses that apply to the same status before and after, each once."""
    seen = set()
    for status in {**old, **new}:
        before, after = find_response(status, old), find_response(status, new)
        if before is not None and after is not None and (before.pointer, after.pointer) not in seen:
            seen.add((before.pointer, after.pointer))
            yield status, before, after


def _report_removed(
    comparison: Comparison, status: str, node: Node, before: Mapping[str, Node], operation: str
) -> None:
    relied_on = _is_success(status) or (status.startswith("3") and not any(_is_success(other) for other in before))
    if status == "DEFAULT":
        comparison.report("response-default-removed", node.pointer, operation, status=status)
    elif relied_on:
        comparison.report("response-success-removed", node.pointer, operation, status=status, old=status)
    else:
        comparison.report("response-error-removed", node.pointer, operation, status=status, old=status)


def _report_added(comparison: Comparison, status: str, node: Node, operation: str) -> None:
    if status == "DEFAULT":
        comparison.report("response-default-added", node.pointer, operation)
    elif _is_success(status):
        comparison.report("response-success-added", node.pointer, operation, status=status, new=status)
    else:
        comparison.report("response-error-added", node.pointer, operation, status=status, new=status)


def _compare_bodies(comparison: Comparison, old: Node, new: Node, status: str, operation: str) -> None:
    before, after = media_types(old), media_types(new)
    if not before and after:
        comparison.report("response-body-added", new.pointer, operation, status=status, what=status)
        return
    if before and not after:
        comparison.report("response-body-removed", old.at("content").pointer, operation, status=status, what=status)
        return
    for name, media in before.items():
        if name in after:
            continue
        wider = find_media(name, after)
        narrower = any(find_media(other, {name: media}) is not None for other in after)
        if wider is not None and "*" in wider.name:
            details = {"old": f"`{media.name}`", "new": f"`{wider.name}`"}
            comparison.report(
                "response-media-type-generalised", wider.node.pointer, operation, status=status, what=status, **details
            )
        elif wider is None and not narrower:
            details = {"element": f"accept:{media.name}", "old": f"`{media.name}`"}
            comparison.report(
                "response-media-type-removed", media.node.pointer, operation, status=status, what=status, **details
            )
    for was, now in matching_media(before, after):
        compare_content(comparison, was, now, Context.RESPONSE, operation, "reads", status=status)
    for name, media in after.items():
        if find_media(name, before) is None:
            details = {"new": f"`{media.name}`"}
            comparison.report(
                "response-media-type-added", media.node.pointer, operation, status=status, what=status, **details
            )


def _compare_headers(comparison: Comparison, old: Node, new: Node, status: str, operation: str) -> None:
    before, after = _headers_by_name(old), _headers_by_name(new)
    for key, (name, reference) in before.items():
        if key not in after:
            comparison.report("response-header-removed", reference.pointer, operation, status=status, what=f"`{name}`")
            continue
        if comparison.engine.same_text(reference, after[key][1]):
            continue
        node, successor = comparison.old.resolve(reference), comparison.new.resolve(after[key][1])
        if node.at("required").flag != successor.at("required").flag:
            kind = "required" if successor.at("required").flag else "optional"
            comparison.report(
                f"response-header-became-{kind}", successor.pointer, operation, status=status, what=f"`{name}`"
            )
        _compare_header(comparison, name, node, successor, status, operation)
    for key, (name, reference) in after.items():
        if key not in before:
            comparison.report("response-header-added", reference.pointer, operation, status=status, what=f"`{name}`")


def _headers_by_name(response: Node) -> dict[str, tuple[str, Node]]:
    headers = response.at("headers")
    # OpenAPI: tools ignore "Content-Type" here.
    return {name.lower(): (name, headers.at(name)) for name in headers.mapping if name.lower() != "content-type"}


def _compare_header(comparison: Comparison, name: str, old: Node, new: Node, status: str, operation: str) -> None:
    media = [next(iter(media_types(node)), None) for node in (old, new)]
    schemas = [Schema.of(_schema_node(node), name) for node in (old, new)]
    if media[0] != media[1]:
        details = {"old": media[0] or "plain text", "new": media[1] or "plain text"}
        comparison.report(
            "response-header-serialization-changed", new.pointer, operation, status=status, what=f"`{name}`", **details
        )
    elif media == [None, None]:
        types = [
            engine.normalize(schema).types
            for engine, schema in zip((comparison.engine.old, comparison.engine.new), schemas, strict=True)
        ]
        for kind in sorted(kinds_of(types[0] & types[1])):
            forms = [wire_form(kind, "simple", name, explode=node.at("explode").flag) for node in (old, new)]
            if forms[0] != forms[1]:
                details = {"old": f"`{forms[0]}`", "new": f"`{forms[1]}`"}
                pointer = (new.at("explode") if "explode" in new.mapping else new).pointer
                comparison.report(
                    "response-header-serialization-changed",
                    pointer,
                    operation,
                    status=status,
                    what=f"`{name}`",
                    **details,
                )
    pair = SchemaPair(schemas[0], schemas[1], Context.HEADER, text=media == [None, None])
    comparison.compare_schemas(pair, operation, "", status)


def _schema_node(header: Node) -> Node:
    media = next(iter(media_types(header).values()), None)
    return header.at("schema") if media is None else media.node.at("schema")


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
