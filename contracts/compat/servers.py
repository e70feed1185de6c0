"""Compares servers."""

from contracts.compat.comparison import Comparison
from contracts.compat.document import Node


def compare_servers(comparison: Comparison, old: Node, new: Node, operation: str = "") -> None:
    """Compare the servers of a document, a path or an operation."""
    before, after = _servers_by_url(old), _servers_by_url(new)
    for url, node in before.items():
        if url not in after:
            comparison.report("server-removed", node.pointer, operation, old=f"`{url}`")
        else:
            _compare_variables(comparison, node, after[url], operation)
    for url, node in after.items():
        if url not in before:
            comparison.report("server-added", node.pointer, operation, new=f"`{url}`")


def _servers_by_url(owner: Node) -> dict[str, Node]:
    servers = owner.at("servers")
    found = {}
    for index in range(len(servers.items)):
        url = servers.at(index, "url").value
        if isinstance(url, str):
            found[url.rstrip("/") or "/"] = servers.at(index)
    return found


def _compare_variables(comparison: Comparison, old: Node, new: Node, operation: str) -> None:
    before, after = old.at("variables"), new.at("variables")
    for name in before.mapping:
        if name not in after.mapping:
            comparison.report("server-variable-removed", before.at(name).pointer, operation, old=f"`{name}`")
            continue
        was, now = before.at(name), after.at(name)
        for value in was.at("enum").items:
            if now.at("enum").items and value not in now.at("enum").items:
                details = {"what": f"`{name}`", "old": f"`{value}`"}
                comparison.report("server-variable-value-removed", now.pointer, operation, **details)
        if was.at("default").value != now.at("default").value:
            details = {
                "what": f"`{name}`",
                "old": f"`{was.at('default').value}`",
                "new": f"`{now.at('default').value}`",
            }
            comparison.report("server-variable-default-changed", now.pointer, operation, **details)
    for name in after.mapping:
        if name not in before.mapping:
            comparison.report("server-variable-added", after.at(name).pointer, operation, new=f"`{name}`")
