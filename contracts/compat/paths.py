"""Compares paths and their operations."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from contracts.compat.bodies import compare_request
from contracts.compat.comparison import Comparison
from contracts.compat.document import Document, Node
from contracts.compat.parameters import compare_parameters
from contracts.compat.responses import compare_responses
from contracts.compat.security import compare_requirements
from contracts.compat.servers import Address, Servers, compare_servers, read_servers
from contracts.compat.sunset import SunsetPhase, parse_sunset, sunset_phase
from contracts.compat.webhooks import compare_callbacks

_VARIABLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class PathOperation:
    """One method of one path. `item` is the path item."""

    path: str
    method: str
    node: Node
    item: Node
    servers: Servers

    @cached_property
    def addresses(self) -> dict[Address, Node]:
        """The node of the server by method and complete URL."""
        return self.servers.addresses(*self.signature)

    @property
    def name(self) -> str:
        """The name in findings: ``GET /posts/{id}``."""
        return f"{self.method} {self.path}"

    @property
    def signature(self) -> tuple[str, str]:
        """The identity of the operation in URLs, which do not contain the names of path parameters."""
        return (self.method, _VARIABLE.sub("{}", self.path))

    @property
    def variables(self) -> list[str]:
        """The names of the path parameters, in their order."""
        return _VARIABLE.findall(self.path)


def compare_paths(comparison: Comparison, pairs: Mapping[str, str]) -> None:
    """Compare all operations. `pairs` declares successors that have another URL and another operation id."""
    old, new = _operations(comparison.old), _operations(comparison.new)
    old = _at_new_paths(old, new)
    served = {address for one in new.values() for address in one.addresses}
    by_name = {one.name: one for one in new.values()}
    declared = {signature: by_name[pairs[one.name]] for signature, one in old.items() if one.name in pairs}
    for signature, operation in old.items():
        if signature in declared:
            successor = declared[signature]
            details = {"what": operation.name, "new": successor.name}
            comparison.report("operation-path-changed", successor.node.pointer, operation.name, **details)
            _compare(comparison, operation, successor)
        elif signature in new:
            _compare(comparison, operation, new[signature])
            successor = new[signature]
            sides = (operation.servers, operation.addresses), (successor.servers, successor.addresses)
            compare_servers(comparison, *sides, served, successor.name)
    by_id = {one.node.at("operationId").value: one for signature, one in new.items() if signature not in old}
    moved: set[tuple[str, str] | None] = {one.signature for one in declared.values()}
    for signature, operation in old.items():
        if signature not in new and signature not in declared:
            successor_by_id = by_id.get(operation.node.at("operationId").value or ...)
            moved.add(successor_by_id.signature if successor_by_id else None)
            _report_removed(comparison, operation, successor_by_id)
    for signature, operation in new.items():
        if signature not in old and signature not in moved:
            comparison.report("operation-added", operation.node.pointer, operation.name, what=operation.name)


def _operations(document: Document) -> dict[tuple[str, str], PathOperation]:
    return {one.signature: one for one in _walk_operations(document)}


def _walk_operations(document: Document) -> Iterator[PathOperation]:
    paths = document.root.at("paths")
    for path in paths.mapping:
        if path.startswith("x-"):
            continue
        item = document.resolve(paths.at(path))
        for method, node in document.methods(item):
            yield PathOperation(path, method, node, item, read_servers(document, item, node))


def _report_removed(comparison: Comparison, operation: PathOperation, successor: PathOperation | None) -> None:
    node = operation.node
    sunset = node.at("x-sunset").value
    state = sunset_phase(node.at("deprecated").flag, sunset, comparison.today)
    details = {"what": operation.name, "old": sunset}
    if state is SunsetPhase.AFTER_SUNSET:
        comparison.report("operation-removed-after-sunset", node.pointer, operation.name, **details)
    elif state is SunsetPhase.BEFORE_SUNSET:
        comparison.report("operation-removed-before-sunset", node.pointer, operation.name, **details)
    elif successor is not None:
        pointer = successor.node.pointer
        comparison.report("operation-path-changed", pointer, operation.name, what=operation.name, new=successor.name)
    else:
        comparison.report("operation-removed", node.pointer, operation.name, what=operation.name)


def _compare(comparison: Comparison, old: PathOperation, new: PathOperation) -> None:
    comparison.old_names[new.name] = old.name
    renamed = {}
    # Declared successors can have more or fewer path parameters.
    for before, after in zip(old.variables, new.variables, strict=False):
        renamed[before] = after
        if before != after:
            comparison.report("path-parameter-renamed", new.node.pointer, new.name, old=f"`{before}`", new=f"`{after}`")
    _compare_names(comparison, old, new)
    _compare_deprecation(comparison, old, new)
    compare_requirements(comparison, old.node, new.node, new.name)
    if _is_same(comparison, old, new):
        return
    compare_parameters(comparison, (old.item, old.node), (new.item, new.node), new.name, renamed)
    compare_request(comparison, old.node, new.node, new.name)
    compare_responses(comparison, old.node, new.node, new.name)
    compare_callbacks(comparison, old.node, new.node, new.name)


def _is_same(comparison: Comparison, old: PathOperation, new: PathOperation) -> bool:
    """Whether parameters, bodies and responses are the same: in most comparisons those of most operations are."""
    parameters = [one.item.at("parameters") for one in (old, new)]
    return (
        old.variables == new.variables
        and comparison.engine.same_text(old.node, new.node)
        and comparison.engine.same_text(*parameters)
    )


def _at_new_paths(
    old: dict[tuple[str, str], PathOperation], new: dict[tuple[str, str], PathOperation]
) -> dict[tuple[str, str], PathOperation]:
    """The old operations, by the new signature if a part of the URL moved between the servers and the paths."""
    known = {address: signature for signature, one in new.items() for address in one.addresses}
    moved = {}
    for signature, one in old.items():
        same = next((known[address] for address in one.addresses if address in known), None)
        moved[signature if signature in new or same is None or same in old else same] = one
    return moved


def _compare_names(comparison: Comparison, old: PathOperation, new: PathOperation) -> None:
    before, after = old.node.at("operationId"), new.node.at("operationId")
    if before.value is None and after.value is not None:
        comparison.report("operation-id-added", after.pointer, new.name, new=f"`{after.value}`")
    elif before.value is not None and after.value is None:
        comparison.report("operation-id-removed", before.pointer, new.name, old=f"`{before.value}`")
    elif before.value != after.value:
        details = {"old": f"`{before.value}`", "new": f"`{after.value}`"}
        comparison.report("operation-id-changed", after.pointer, new.name, **details)
    tags = [[str(tag) for tag in one.node.at("tags").items] for one in (old, new)]
    for tag in tags[0]:
        if tag not in tags[1]:
            comparison.report("operation-tag-removed", old.node.at("tags").pointer, new.name, old=f"`{tag}`")
    for tag in tags[1]:
        if tag not in tags[0]:
            comparison.report("operation-tag-added", new.node.at("tags").pointer, new.name, new=f"`{tag}`")


def _compare_deprecation(comparison: Comparison, old: PathOperation, new: PathOperation) -> None:
    was, now = old.node.at("deprecated").flag, new.node.at("deprecated").flag
    before, after = old.node.at("x-sunset"), new.node.at("x-sunset")
    pointer = new.node.at("deprecated").pointer
    if now and after.value is not None and parse_sunset(after.value) is None:
        if before.value != after.value:
            comparison.report("operation-sunset-invalid", after.pointer, new.name, new=f"`{after.value}`")
    elif now and not was:
        rule = "operation-deprecated-without-sunset" if after.value is None else "operation-deprecated"
        comparison.report(rule, pointer, new.name, new=after.value)
    elif was and not now:
        comparison.report("operation-deprecation-withdrawn", old.node.at("deprecated").pointer, new.name)
    if not was or not now:
        return
    days = parse_sunset(before.value), parse_sunset(after.value)
    if days[0] is not None and after.value is None:
        comparison.report("operation-sunset-removed", before.pointer, new.name, old=before.value)
    elif days[0] is not None and days[1] is not None and days[0] != days[1]:
        kind = "earlier" if days[1] < days[0] else "later"
        details = {"old": before.value, "new": after.value}
        comparison.report(f"operation-sunset-moved-{kind}", after.pointer, new.name, **details)
