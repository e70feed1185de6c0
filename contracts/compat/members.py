"""Whether a schema still declares a member, in any of its variants."""

from collections.abc import Iterable, Iterator
from typing import Final

from contracts.compat.document import Document, Node
from contracts.compat.pointers import ITEM, split

_COMBINED: Final = ("allOf", "anyOf", "oneOf")
_UNIONS: Final = ("anyOf", "oneOf")
_CONDITIONS: Final = ("then", "else")
_MAX_NODES: Final = 1_000


def declares(document: Document, schemas: Iterable[Node], path: str) -> bool:
    """Whether the schemas, or any of their variants, declare the member at a path, with `*` for items."""
    nodes = list(schemas)
    for step in split(path):
        nodes = [below for node in _variants(document, nodes) for below in _step(node, step)]
    return any(True for _ in _variants(document, nodes))


def count_alternatives(document: Document, schemas: Iterable[Node], path: str) -> int:
    """How many alternatives of a union declare the member at a path."""
    unions = [
        node.at(keyword, index)
        for node in map(document.resolve, schemas)
        for keyword in _UNIONS
        for index in range(len(node.at(keyword).items))
    ]
    return sum(declares(document, [one], path) for one in unions)


def is_closed(document: Document) -> bool:
    """Whether every JSON object in a request body rejects undeclared members, and there is one.

    Servers that are as strict reject undeclared query parameters too, which OpenAPI cannot say.
    """
    found = False
    paths = document.root.at("paths")
    for path in paths.mapping:
        for _, operation in document.methods(document.resolve(paths.at(path))):
            media = document.resolve(operation.at("requestBody")).at("content", "application/json", "schema")
            for node in _variants(document, [media]):
                if "properties" not in node.mapping or "allOf" in node.mapping:
                    continue
                if node.mapping.get("additionalProperties") is not False:
                    return False
                found = True
    return found


def _variants(document: Document, nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield the schemas that apply to a value, all variants included, each once."""
    waiting = list(nodes)
    seen: set[str] = set()
    while waiting and len(seen) < _MAX_NODES:
        node = document.resolve(waiting.pop())
        if node.value is None or node.pointer in seen:
            continue
        seen.add(node.pointer)
        yield node
        for keyword in _COMBINED:
            waiting += [node.at(keyword, index) for index in range(len(node.at(keyword).items))]
        waiting += [node.at(keyword) for keyword in _CONDITIONS if keyword in node.mapping]


def _step(node: Node, step: str) -> Iterator[Node]:
    if step != ITEM.removeprefix("/"):
        if step in node.at("properties").mapping:
            yield node.at("properties", step)
        return
    for keyword in ("items", "additionalProperties"):
        if isinstance(node.mapping.get(keyword), dict):
            yield node.at(keyword)
    for pattern in node.at("patternProperties").mapping:
        yield node.at("patternProperties", pattern)
