"""Compares webhooks and callbacks, where the server sends and the client answers: every direction is turned round."""

from contracts.compat.bodies import compare_content
from contracts.compat.catalogue.schemas import Place
from contracts.compat.comparison import Comparison
from contracts.compat.document import METHODS, Document, Site
from contracts.compat.media import covering, media_types
from contracts.compat.parameters import compare_parameters
from contracts.compat.responses import statuses


def compare_webhooks(comparison: Comparison) -> None:
    """The webhooks of both documents."""
    old, new = comparison.old.root.at("webhooks"), comparison.new.root.at("webhooks")
    for name in old.mapping:
        if name.startswith("x-"):
            continue
        if name not in new.mapping:
            comparison.tell("webhook-removed", old.at(name).pointer, f"webhook {name}", what=f"`{name}`")
        else:
            _items(comparison, old.at(name), new.at(name), f"webhook {name}")
    for name in new.mapping:
        if name not in old.mapping and not name.startswith("x-"):
            comparison.tell("webhook-added", new.at(name).pointer, f"webhook {name}", what=f"`{name}`")


def compare_callbacks(comparison: Comparison, old: Site, new: Site, operation: str) -> None:
    """The callbacks of an operation; an entry is a name with a URL."""
    before, after = (_callbacks(document, site) for document, site in ((comparison.old, old), (comparison.new, new)))
    for key, site in before.items():
        if key in after:
            _items(comparison, site, after[key], f"{operation} callback {key[0]}")
        else:
            comparison.tell("callback-removed", site.pointer, operation, what=f"`{key[0]}` at `{key[1]}`")
    for key, site in after.items():
        if key not in before:
            comparison.tell("callback-added", site.pointer, operation, what=f"`{key[0]}` at `{key[1]}`")


def _callbacks(document: Document, operation: Site) -> dict[tuple[str, str], Site]:
    found = {}
    callbacks = operation.at("callbacks")
    for name in callbacks.mapping:
        callback = document.resolve(callbacks.at(name))
        for url in callback.mapping:
            if not url.startswith("x-"):
                found[(name, url)] = callback.at(url)
    return found


def _items(comparison: Comparison, old: Site, new: Site, name: str) -> None:
    before, after = comparison.old.resolve(old), comparison.new.resolve(new)
    for method in METHODS:
        what = f"{name} ({method.upper()})"
        if method in before.mapping and method in after.mapping:
            _operation(comparison, (before, before.at(method)), (after, after.at(method)), what)
        elif method in before.mapping:
            comparison.tell("webhook-operation-removed", before.at(method).pointer, what, what=f"The {what}")
        elif method in after.mapping:
            comparison.tell("webhook-operation-added", after.at(method).pointer, what, what=f"The {what}")


def _operation(comparison: Comparison, old: tuple[Site, Site], new: tuple[Site, Site], name: str) -> None:
    compare_parameters(comparison, old, new, name, {}, inverted=True)
    _body(comparison, old[1], new[1], name)
    before, after = statuses(old[1]), statuses(new[1])
    for status, site in before.items():
        successor = after.get(status) or after.get(f"{status[:1]}XX") or after.get("DEFAULT")
        if successor is None:
            comparison.tell("webhook-status-removed", site.pointer, name, old=status)
            continue
        was, now = media_types(comparison.old.resolve(site)), media_types(comparison.new.resolve(successor))
        for kind, media in was.items():
            if (answer := covering(kind, now)) is not None:
                compare_content(comparison, media, answer, Place.WEBHOOK_ANSWER, name)
    for status, site in after.items():
        if status not in before:
            comparison.tell("webhook-status-added", site.pointer, name, new=status)


def _body(comparison: Comparison, old: Site, new: Site, name: str) -> None:
    before, after = comparison.old.resolve(old.at("requestBody")), comparison.new.resolve(new.at("requestBody"))
    if not before.mapping or not after.mapping:
        if after.mapping:
            comparison.tell("webhook-body-added", after.pointer, name)
        elif before.mapping:
            comparison.tell("webhook-body-removed", before.pointer, name)
        return
    if before.at("required").flag != after.at("required").flag:
        kind = "required" if after.at("required").flag else "optional"
        comparison.tell(f"webhook-body-became-{kind}", after.pointer, name)
    was, now = media_types(before), media_types(after)
    for kind, media in was.items():
        successor = now.get(kind)
        if successor is None:
            comparison.tell("webhook-media-type-removed", media.site.pointer, name, old=f"`{media.name}`")
        else:
            compare_content(comparison, media, successor, Place.WEBHOOK, name)
    for kind, media in now.items():
        if kind not in was:
            comparison.tell("webhook-media-type-added", media.site.pointer, name, new=f"`{media.name}`")
