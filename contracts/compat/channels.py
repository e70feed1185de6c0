"""Compares two AsyncAPI 3 documents: what the server sends as responses, what it receives as bodies of requests."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.compat.catalogue.change import Context
from contracts.compat.comparison import Comparison
from contracts.compat.document import Document, Node
from contracts.compat.loading import NotOpenAPI
from contracts.compat.normalized_schema import Schema
from contracts.compat.pair import SchemaPair

_VERSION: Final = re.compile(r"3\.\d+\.\d+")
_SEND: Final = "send"
_ACTIONS: Final[Mapping[str, Context]] = {_SEND: Context.RESPONSE, "receive": Context.BODY}
_PARAMETER: Final = re.compile(r"\{[^{}]*\}")
_NO_SCHEMES: Final[frozenset[str]] = frozenset()


@dataclass(slots=True)
class _Channel:
    """What one channel carries, by the action of the server."""

    node: Node
    what: str
    messages: dict[str, dict[str, Node]] = field(default_factory=lambda: {action: {} for action in _ACTIONS})
    security: dict[str, frozenset[str]] = field(default_factory=dict)


def is_asyncapi(document: Mapping[str, Any]) -> bool:
    """Whether a document says that it is AsyncAPI."""
    return "asyncapi" in document


def asyncapi_document(root: Mapping[str, Any]) -> Document:
    """The nodes of an AsyncAPI 3 document. Raises ``NotOpenAPI`` for any other."""
    version = root.get("asyncapi")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise NotOpenAPI(f"not an AsyncAPI 3 document: `asyncapi` is {version!r}")
    # Its schemas have the keywords of JSON Schema, as those of OpenAPI 3.1.
    return Document({"components": {}, **root, "openapi": "3.1.0"})


def compare_channels(comparison: Comparison) -> None:
    """Compare the channels of both documents. They are matched by address: clients do not send their names."""
    before, after = _channels(comparison.old), _channels(comparison.new)
    for key, channel in before.items():
        if key in after:
            _compare(comparison, channel, after[key])
        else:
            comparison.report("channel-removed", channel.node.pointer, channel.what, element="event", what=channel.what)
    for key, channel in after.items():
        if key not in before:
            comparison.report("channel-added", channel.node.pointer, channel.what, what=channel.what)


def _channels(document: Document) -> dict[str, _Channel]:
    found: dict[str, _Channel] = {}
    by_pointer: dict[str, _Channel] = {}
    channels = document.root.at("channels")
    for name in channels.mapping:
        node = document.resolve(channels.at(name))
        address = node.mapping.get("address") or name
        channel = _Channel(node, f"channel {address}")
        found[_PARAMETER.sub("{}", str(address))] = by_pointer[node.pointer] = channel
    for action, operation, node in _operations(document):
        channel_of = by_pointer.get(node.pointer)
        if channel_of is not None:
            channel_of.messages[action] |= _messages(document, operation, node)
            channel_of.security[action] = _schemes(document, operation)
    return found


def _operations(document: Document) -> Iterator[tuple[str, Node, Node]]:
    """Yield the action, the operation and its channel."""
    operations = document.root.at("operations")
    for name in operations.mapping:
        operation = document.resolve(operations.at(name))
        action = operation.mapping.get("action")
        if isinstance(action, str) and action in _ACTIONS:
            yield action, operation, document.resolve(operation.at("channel"))


def _messages(document: Document, operation: Node, channel: Node) -> dict[str, Node]:
    """The messages of an operation by name; an operation that lists none has those of its channel."""
    listed = operation.at("messages")
    if listed.value is None:
        names = channel.at("messages")
        nodes = [(name, names.at(name)) for name in names.mapping]
    else:
        nodes = [(f"{index}", listed.at(index)) for index in range(len(listed.items))]
    found = {}
    for key, node in nodes:
        message = document.resolve(node)
        # A reference ends with the name of the message in its channel.
        name = str(node.mapping.get("$ref", key)).rpartition("/")[2]
        found[str(message.mapping.get("name") or name)] = message
    return found


def _schemes(document: Document, operation: Node) -> frozenset[str]:
    """The security schemes of which a client needs one; none if it needs no credentials."""
    listed = operation.at("security")
    return frozenset(
        str(listed.at(index).mapping.get("$ref", document.resolve(listed.at(index)).value))
        for index in range(len(listed.items))
    )


def _compare(comparison: Comparison, old: _Channel, new: _Channel) -> None:
    for action, context in _ACTIONS.items():
        side = "sent" if action == _SEND else "received"
        before, after = old.messages[action], new.messages[action]
        for name, message in before.items():
            if name in after:
                _compare_message(comparison, message, after[name], context, f"{new.what} {name}", f"event:{name}")
            else:
                comparison.report(
                    f"message-{side}-removed", message.pointer, new.what, element=f"event:{name}", what=f"`{name}`"
                )
        for name, message in after.items():
            if name not in before:
                comparison.report(
                    f"message-{side}-added", message.pointer, new.what, element=f"event:{name}", what=f"`{name}`"
                )
    was, now = _credentials(old), _credentials(new)
    # Without a scheme, a client needs no credentials.
    if now and (not was or was - now):
        refused = ", ".join(f"`{one.rpartition('/')[2]}`" for one in sorted(was - now)) or "no credentials"
        comparison.report("channel-security-removed", new.node.pointer, new.what, element="event", old=refused)
    elif was and now != was:
        allowed = ", ".join(f"`{one.rpartition('/')[2]}`" for one in sorted(now - was)) or "no credentials"
        comparison.report("channel-security-added", new.node.pointer, new.what, element="event", new=allowed)


def _credentials(channel: _Channel) -> frozenset[str]:
    return _NO_SCHEMES.union(*channel.security.values())


def _compare_message(comparison: Comparison, old: Node, new: Node, context: Context, what: str, element: str) -> None:
    was, now = (
        node.mapping.get("contentType") or document.root.value.get("defaultContentType") or "application/json"
        for document, node in ((comparison.old, old), (comparison.new, new))
    )
    if was != now:
        comparison.report("message-type-changed", new.pointer, what, element=element, old=f"`{was}`", new=f"`{now}`")
    for part, label in (("payload", "the body"), ("headers", "the headers")):
        before, after = (_schema(node.at(part)) for node in (old, new))
        if part in old.mapping or part in new.mapping:
            pair = SchemaPair(Schema.of(before, label), Schema.of(after, label), context, present=True)
            comparison.compare_schemas(pair, what, element)


def _schema(node: Node) -> Node:
    """The schema of a payload, which may be a member beside the name of its format. A missing one allows any value."""
    inner = node.at("schema") if "schemaFormat" in node.mapping else node
    return inner if inner.value is not None else Node({}, node.pointer)
