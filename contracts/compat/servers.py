"""Compares servers."""

from contracts.compat.comparison import Comparison
from contracts.compat.document import Site


def compare_servers(comparison: Comparison, old: Site, new: Site, operation: str = "") -> None:
    """The servers of a document, a path or an operation."""
    before, after = _by_url(old), _by_url(new)
    for url, site in before.items():
        if url not in after:
            comparison.tell("server-removed", site.pointer, operation, old=f"`{url}`")
        else:
            _variables(comparison, site, after[url], operation)
    for url, site in after.items():
        if url not in before:
            comparison.tell("server-added", site.pointer, operation, new=f"`{url}`")


def _by_url(owner: Site) -> dict[str, Site]:
    servers = owner.at("servers")
    found = {}
    for index in range(len(servers.items)):
        url = servers.at(index, "url").value
        if isinstance(url, str):
            found[url.rstrip("/") or "/"] = servers.at(index)
    return found


def _variables(comparison: Comparison, old: Site, new: Site, operation: str) -> None:
    before, after = old.at("variables"), new.at("variables")
    for name in before.mapping:
        if name not in after.mapping:
            comparison.tell("server-variable-removed", before.at(name).pointer, operation, old=f"`{name}`")
            continue
        was, now = before.at(name), after.at(name)
        for value in was.at("enum").items:
            if now.at("enum").items and value not in now.at("enum").items:
                told = {"what": f"`{name}`", "old": f"`{value}`"}
                comparison.tell("server-variable-value-removed", now.pointer, operation, **told)
        if was.at("default").value != now.at("default").value:
            told = {"what": f"`{name}`", "old": f"`{was.at('default').value}`", "new": f"`{now.at('default').value}`"}
            comparison.tell("server-variable-default-changed", now.pointer, operation, **told)
    for name in after.mapping:
        if name not in before.mapping:
            comparison.tell("server-variable-added", after.at(name).pointer, operation, new=f"`{name}`")
