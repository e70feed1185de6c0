"""Compares servers by the URLs that they yield, however these are written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from string import ascii_letters, digits
from typing import Final

from contracts.compat.comparison import Comparison
from contracts.compat.document import Document, Node

_VARIABLE: Final = re.compile(r"\{([^{}]*)\}")
# Stands for the value of a variable without `enum`, which can be any.
_ANY: Final = "{*}"
_ESCAPE: Final = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = frozenset(f"{ascii_letters}{digits}-._~")
_MAX_URLS: Final = 200
_PORTS: Final = {"http": ":80", "https": ":443", "ws": ":80", "wss": ":443"}

Address = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers of an operation: the node of the server by URL. `listed`: the document lists them."""

    urls: dict[str, Node]
    listed: bool

    def addresses(self, method: str, path: str) -> dict[Address, Node]:
        """The node of the server by method and complete URL. `path` has no names of parameters."""
        return {(method, url + path): node for url, node in self.urls.items()}


def read_servers(document: Document, item: Node, operation: Node) -> Servers:
    """The servers of an operation: its own, else those of its path, else those of the document."""
    for owner in (operation, item, document.root):
        servers = owner.at("servers")
        nodes = [servers.at(index) for index in range(len(servers.items))]
        found = {url: node for node in nodes for url in _urls(node)}
        if found:
            return Servers(found, listed=True)
    return Servers({"": Node(None, "/servers")}, listed=False)


def compare_servers(
    comparison: Comparison,
    old: tuple[Servers, dict[Address, Node]],
    new: tuple[Servers, dict[Address, Node]],
    served: set[Address],
    operation: str,
) -> None:
    """Compare the servers of an operation, each with its addresses. `served` has those of all new operations."""
    (servers_before, before), (servers_after, after) = old, new
    wide = [one for one in served if _ANY in one[1]]
    for address, node in before.items():
        if address not in served and not any(_serves(one, address) for one in wide):
            url = next(url for url in servers_before.urls if servers_before.urls[url] is node and _is_at(url, address))
            if servers_before.listed:
                comparison.report("server-removed", node.pointer, operation, old=f"`{url or '/'}`")
            else:
                comparison.report("server-unlisted", next(iter(after.values())).pointer, operation)
    for address, node in after.items():
        if not any(_serves(one, address) for one in before) and servers_before.listed:
            url = next(url for url in servers_after.urls if servers_after.urls[url] is node and _is_at(url, address))
            comparison.report("server-added", node.pointer, operation, new=f"`{url or '/'}`")
    _compare_defaults(comparison, servers_before, servers_after, operation)


def _is_at(url: str, address: Address) -> bool:
    return address[1].startswith(url)


def _serves(one: Address, other: Address) -> bool:
    """Whether an address of the new document includes one of the old document."""
    if one[0] != other[0]:
        return False
    if one[1] == other[1]:
        return True
    if _ANY not in one[1]:
        return False
    pattern = ".*".join(re.escape(part) for part in one[1].split(_ANY))
    return re.fullmatch(pattern, other[1]) is not None


def _urls(server: Node) -> Iterator[str]:
    url = server.at("url").value
    if not isinstance(url, str):
        return
    names = list(dict.fromkeys(_VARIABLE.findall(url)))
    choices = []
    for name in names:
        listed = [str(one) for one in server.at("variables", name, "enum").items]
        choices.append(listed or [_ANY])
    size = 1
    for index, one in enumerate(choices):
        size *= len(one)
        if size > _MAX_URLS:
            choices[index] = [_ANY]
            size //= len(one)
    for values in product(*choices):
        by_name = dict(zip(names, values, strict=True))
        yield _normalize(_VARIABLE.sub(lambda match: by_name[match[1]], url))  # noqa: B023 - used before the next turn


def _normalize(url: str) -> str:
    """The URL in one spelling (RFC 3986): scheme and host in lower case, without a default port or a last slash."""
    match = re.fullmatch(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?//([^/?#]*)(.*)", url.strip())
    if match is None:
        path = url.strip().rstrip("/")
        return path if not path or path.startswith(("/", _ANY)) else f"/{path.removeprefix('./')}"
    scheme, host, rest = (match[1] or "").lower(), match[2].lower(), match[3]
    host = host.removesuffix(_PORTS.get(scheme, "\n")).removesuffix(":")
    return f"{scheme}{':' if scheme else ''}//{host}{_normalize_path(rest).rstrip('/')}"


def _normalize_path(path: str) -> str:
    """The path with one spelling of each escape, and without `.` and `..`."""
    segments: list[str] = []
    for segment in _ESCAPE.sub(_unescape, path).split("/"):
        if segment == "..":
            segments = segments[: max(1, len(segments) - 1)]
        elif segment != ".":
            segments.append(segment)
    return "/".join(segments)


def _unescape(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()


def _compare_defaults(comparison: Comparison, old: Servers, new: Servers, operation: str) -> None:
    by_url = {node.at("url").value: node for node in new.urls.values()}
    for node in {node.pointer: node for node in old.urls.values()}.values():
        after = by_url.get(node.at("url").value)
        if after is None:
            continue
        for name in node.at("variables").mapping:
            was, now = node.at("variables", name, "default"), after.at("variables", name, "default")
            if now.value is not None and was.value != now.value:
                details = {"what": f"`{name}`", "old": f"`{was.value}`", "new": f"`{now.value}`"}
                comparison.report("server-variable-default-changed", now.pointer, operation, **details)
