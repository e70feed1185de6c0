"""Compares webhooks and callbacks. Here the server sends the request, so the directions are inverted."""

from contracts.compat.bodies import compare_content
from contracts.compat.catalogue.schemas import Context
from contracts.compat.comparison import Comparison
from contracts.compat.document import METHODS, Document, Node
from contracts.compat.media import find_media, media_types
from contracts.compat.parameters import compare_parameters
from contracts.compat.responses import statuses


def compare_webhooks(comparison: Comparison) -> None:
    """Compare the webhooks of both documents."""
    old, new = comparison.old.root.at("webhooks"), comparison.new.root.at("webhooks")
    for name in old.mapping:
        if name.startswith("x-"):
            continue
        if name not in new.mapping:
            comparison.report("webhook-removed", old.at(name).pointer, f"webhook {name}", what=f"`{name}`")
        else:
            _compare_items(comparison, old.at(name), new.at(name), f"webhook {name}")
    for name in new.mapping:
        if name not in old.mapping and not name.startswith("x-"):
            comparison.report("webhook-added", new.at(name).pointer, f"webhook {name}", what=f"`{name}`")


def compare_callbacks(comparison: Comparison, old: Node, new: Node, operation: str) -> None:
    """Compare the callbacks of an operation by name and URL."""
    before, after = (_callbacks(document, node) for document, node in ((comparison.old, old), (comparison.new, new)))
    for key, node in before.items():
        if key in after:
            _compare_items(comparison, node, after[key], f"{operation} callback {key[0]}")
        else:
            comparison.report("callback-removed", node.pointer, operation, what=f"`{key[0]}` at `{key[1]}`")
    for key, node in after.items():
        if key not in before:
            comparison.report("callback-added", node.pointer, operation, what=f"`{key[0]}` at `{key[1]}`")


def _callbacks(document: Document, operation: Node) -> dict[tuple[str, str], Node]:
    found = {}
    callbacks = operation.at("callbacks")
    for name in callbacks.mapping:
        callback = document.resolve(callbacks.at(name))
        for url in callback.mapping:
            if not url.startswith("x-"):
                found[(name, url)] = callback.at(url)
    return found


def _compare_items(comparison: Comparison, old: Node, new: Node, name: str) -> None:
    before, after = comparison.old.resolve(old), comparison.new.resolve(new)
    for method in METHODS:
        what = f"{name} ({method.upper()})"
        if method in before.mapping and method in after.mapping:
            _compare_operation(comparison, (before, before.at(method)), (after, after.at(method)), what)
        elif method in before.mapping:
            comparison.report("webhook-operation-removed", before.at(method).pointer, what, what=f"The {what}")
        elif method in after.mapping:
            comparison.report("webhook-operation-added", after.at(method).pointer, what, what=f"The {what}")


def _compare_operation(comparison: Comparison, old: tuple[Node, Node], new: tuple[Node, Node], name: str) -> None:
    compare_parameters(comparison, old, new, name, {}, inverted=True)
    _compare_body(comparison, old[1], new[1], name)
    before, after = statuses(old[1]), statuses(new[1])
    for status, node in before.items():
        successor = after.get(status) or after.get(f"{status[:1]}XX") or after.get("DEFAULT")
        if successor is None:
            comparison.report("webhook-status-removed", node.pointer, name, old=status)
            continue
        was, now = media_types(comparison.old.resolve(node)), media_types(comparison.new.resolve(successor))
        for kind, media in was.items():
            if (response := find_media(kind, now)) is not None:
                compare_content(comparison, media, response, Context.WEBHOOK_RESPONSE, name)
    for status, node in after.items():
        if status not in before:
            comparison.report("webhook-status-added", node.pointer, name, new=status)


def _compare_body(comparison: Comparison, old: Node, new: Node, name: str) -> None:
    before, after = comparison.old.resolve(old.at("requestBody")), comparison.new.resolve(new.at("requestBody"))
    if not before.mapping or not after.mapping:
        if after.mapping:
            comparison.report("webhook-body-added", after.pointer, name)
        elif before.mapping:
            comparison.report("webhook-body-removed", before.pointer, name)
        return
    if before.at("required").flag != after.at("required").flag:
        kind = "required" if after.at("required").flag else "optional"
        comparison.report(f"webhook-body-became-{kind}", after.pointer, name)
    was, now = media_types(before), media_types(after)
    for kind, media in was.items():
        successor = now.get(kind)
        if successor is None:
            comparison.report("webhook-media-type-removed", media.node.pointer, name, old=f"`{media.name}`")
        else:
            compare_content(comparison, media, successor, Context.WEBHOOK, name)
    for kind, media in now.items():
        if kind not in was:
            comparison.report("webhook-media-type-added", media.node.pointer, name, new=f"`{media.name}`")
