"""Compares webhooks and callbacks. Here the server sends the request, so the directions are inverted."""

from contracts.compat.bodies import compare_content
from contracts.compat.catalogue.change import Context
from contracts.compat.comparison import Comparison
from contracts.compat.document import Document, Node
from contracts.compat.findings import CALLBACK
from contracts.compat.media import find_media, matching_media, media_types
from contracts.compat.parameters import compare_parameters
from contracts.compat.responses import find_response, matching_responses, statuses


def compare_webhooks(comparison: Comparison) -> None:
    """Compare the webhooks of both documents."""
    old, new = comparison.old.root.at("webhooks"), comparison.new.root.at("webhooks")
    for name in old.mapping:
        if name.startswith("x-"):
            continue
        if name not in new.mapping:
            details = {"element": f"event:{name}", "what": f"`{name}`"}
            comparison.report("webhook-removed", old.at(name).pointer, f"webhook {name}", **details)
        else:
            _compare_items(comparison, old.at(name), new.at(name), f"webhook {name}", f"event:{name}")
    for name in new.mapping:
        if name not in old.mapping and not name.startswith("x-"):
            comparison.report("webhook-added", new.at(name).pointer, f"webhook {name}", what=f"`{name}`")


def compare_callbacks(comparison: Comparison, old: Node, new: Node, operation: str) -> None:
    """Compare the callbacks of an operation by URL and method. Their names are not sent."""
    before, after = (_callbacks(document, node) for document, node in ((comparison.old, old), (comparison.new, new)))
    for key, (name, node) in before.items():
        if key in after:
            title = f"{operation}{CALLBACK}{name} ({key[1].upper()})"
            _compare_operation(comparison, node, after[key][1], title, "")
        else:
            details = {"what": f"`{name}` ({key[1].upper()} `{key[0]}`)"}
            comparison.report("callback-removed", node[1].pointer, operation, **details)
    for key, (name, node) in after.items():
        if key not in before:
            details = {"what": f"`{name}` ({key[1].upper()} `{key[0]}`)"}
            comparison.report("callback-added", node[1].pointer, operation, **details)


def _callbacks(document: Document, operation: Node) -> dict[tuple[str, str], tuple[str, tuple[Node, Node]]]:
    """The name, the path item and the operation of each callback by its URL and method."""
    found: dict[tuple[str, str], tuple[str, tuple[Node, Node]]] = {}
    callbacks = operation.at("callbacks")
    for name in callbacks.mapping:
        callback = document.resolve(callbacks.at(name))
        for url in callback.mapping:
            if url.startswith("x-"):
                continue
            item = document.resolve(callback.at(url))
            for method, node in document.methods(item):
                found.setdefault((url.strip(), method), (name, (item, node)))
    return found


def _compare_items(comparison: Comparison, old: Node, new: Node, name: str, element: str) -> None:
    items = comparison.old.resolve(old), comparison.new.resolve(new)
    before, after = dict(comparison.old.methods(items[0])), dict(comparison.new.methods(items[1]))
    for method, node in before.items():
        what = f"{name} ({method})"
        if method in after:
            _compare_operation(comparison, (items[0], node), (items[1], after[method]), what, element)
        else:
            comparison.report("webhook-operation-removed", node.pointer, what, element=element, what=f"The {what}")
    for method, node in after.items():
        if method not in before:
            what = f"{name} ({method})"
            comparison.report("webhook-operation-added", node.pointer, what, element=element, what=f"The {what}")


def _compare_operation(
    comparison: Comparison, old: tuple[Node, Node], new: tuple[Node, Node], name: str, element: str
) -> None:
    compare_parameters(comparison, old, new, name, {}, inverted=True, element=element)
    _compare_body(comparison, old[1], new[1], name, element)
    before, after = statuses(old[1]), statuses(new[1])
    for status, node in before.items():
        if find_response(status, after) is None:
            comparison.report("webhook-status-removed", node.pointer, name, element=element, old=status)
    for _, was, now in matching_responses(before, after):
        contents = media_types(comparison.old.resolve(was)), media_types(comparison.new.resolve(now))
        for kind, media in contents[0].items():
            if find_media(kind, contents[1]) is None and contents[1]:
                details = {"old": f"`{media.name}`"}
                comparison.report(
                    "webhook-response-media-type-removed", media.node.pointer, name, element=element, **details
                )
        for media, response in matching_media(*contents):
            compare_content(comparison, media, response, Context.WEBHOOK_RESPONSE, name, element)
    for status, node in after.items():
        if find_response(status, before) is None:
            comparison.report("webhook-status-added", node.pointer, name, element=element, new=status)


def _compare_body(comparison: Comparison, old: Node, new: Node, name: str, element: str) -> None:
    before, after = comparison.old.resolve(old.at("requestBody")), comparison.new.resolve(new.at("requestBody"))
    if not before.mapping or not after.mapping:
        if after.mapping:
            comparison.report("webhook-body-added", after.pointer, name, element=element)
        elif before.mapping:
            comparison.report("webhook-body-removed", before.pointer, name, element=element)
        return
    if before.at("required").flag != after.at("required").flag:
        kind = "required" if after.at("required").flag else "optional"
        comparison.report(f"webhook-body-became-{kind}", after.pointer, name, element=element)
    was, now = media_types(before), media_types(after)
    for kind, media in was.items():
        if find_media(kind, now) is None and not any(find_media(other, {kind: media}) for other in now):
            comparison.report(
                "webhook-media-type-removed", media.node.pointer, name, element=element, old=f"`{media.name}`"
            )
    for media, successor in matching_media(was, now):
        compare_content(comparison, media, successor, Context.WEBHOOK, name, element)
    for kind, media in now.items():
        if find_media(kind, was) is None:
            comparison.report(
                "webhook-media-type-added", media.node.pointer, name, element=element, new=f"`{media.name}`"
            )
