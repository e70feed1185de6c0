"""Compares paths and the operations on them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contracts.compat.bodies import compare_request
from contracts.compat.comparison import Comparison
from contracts.compat.document import METHODS, Document, Site
from contracts.compat.sunset import Phase, day, phase
from contracts.compat.parameters import compare_parameters
from contracts.compat.responses import compare_responses
from contracts.compat.security import compare_requirements
from contracts.compat.servers import compare_servers
from contracts.compat.webhooks import compare_callbacks

_VARIABLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    path: str
    method: str
    site: Site
    item: Site

    @property
    def name(self) -> str:
        """How people call it."""
        return f"{self.method.upper()} {self.path}"

    @property
    def shape(self) -> tuple[str, str]:
        """What a URL shows: the names of the variable parts do not matter."""
        return (self.method, _VARIABLE.sub("{}", self.path))

    @property
    def variables(self) -> list[str]:
        """The names of the variable parts, in their order."""
        return _VARIABLE.findall(self.path)


def compare_paths(comparison: Comparison, pairs: Mapping[str, str]) -> None:
    """Every operation of both documents; `pairs` names successors that neither URL nor operation id shows."""
    old, new = _operations(comparison.old), _operations(comparison.new)
    called = {one.name: one for one in new.values()}
    declared = {shape: called[pairs[one.name]] for shape, one in old.items() if one.name in pairs}
    for shape, operation in old.items():
        if shape in declared:
            successor = declared[shape]
            told = {"what": operation.name, "new": successor.name}
            comparison.tell("operation-path-changed", successor.site.pointer, operation.name, **told)
            _compare(comparison, operation, successor)
        elif shape in new:
            _compare(comparison, operation, new[shape])
    names = {one.site.at("operationId").value: one for shape, one in new.items() if shape not in old}
    moved: set[tuple[str, str] | None] = {one.shape for one in declared.values()}
    for shape, operation in old.items():
        if shape not in new and shape not in declared:
            successor_by_id = names.get(operation.site.at("operationId").value or ...)
            moved.add(successor_by_id.shape if successor_by_id else None)
            _removed(comparison, operation, successor_by_id)
    for shape, operation in new.items():
        if shape not in old and shape not in moved:
            comparison.tell("operation-added", operation.site.pointer, operation.name, what=operation.name)


def _operations(document: Document) -> dict[tuple[str, str], Operation]:
    return {one.shape: one for one in _each(document)}


def _each(document: Document) -> Iterator[Operation]:
    paths = document.root.at("paths")
    for path in paths.mapping:
        if path.startswith("x-"):
            continue
        item = document.resolve(paths.at(path))
        for method in METHODS:
            if method in item.mapping:
                yield Operation(path, method, item.at(method), item)


def _removed(comparison: Comparison, operation: Operation, successor: Operation | None) -> None:
    site = operation.site
    sunset = site.at("x-sunset").value
    state = phase(site.at("deprecated").flag, sunset, comparison.today)
    told = {"what": operation.name, "old": sunset}
    if state is Phase.OVER:
        comparison.tell("operation-removed-after-sunset", site.pointer, operation.name, **told)
    elif state is Phase.ANNOUNCED:
        comparison.tell("operation-removed-before-sunset", site.pointer, operation.name, **told)
    elif successor is not None:
        pointer = successor.site.pointer
        comparison.tell("operation-path-changed", pointer, operation.name, what=operation.name, new=successor.name)
    else:
        comparison.tell("operation-removed", site.pointer, operation.name, what=operation.name)


def _compare(comparison: Comparison, old: Operation, new: Operation) -> None:
    renamed = {}
    # Operations that are paired by declaration may have more or fewer variable parts.
    for before, after in zip(old.variables, new.variables, strict=False):
        renamed[before] = after
        if before != after:
            comparison.tell("path-parameter-renamed", new.site.pointer, new.name, old=f"`{before}`", new=f"`{after}`")
    _names(comparison, old, new)
    _lifecycle(comparison, old, new)
    compare_parameters(comparison, (old.item, old.site), (new.item, new.site), new.name, renamed)
    compare_request(comparison, old.site, new.site, new.name)
    compare_responses(comparison, old.site, new.site, new.name)
    compare_requirements(comparison, old.site, new.site, new.name)
    compare_callbacks(comparison, old.site, new.site, new.name)
    for was, now in ((old.item, new.item), (old.site, new.site)):
        if "servers" in was.mapping and "servers" in now.mapping:
            compare_servers(comparison, was, now, new.name)


def _names(comparison: Comparison, old: Operation, new: Operation) -> None:
    before, after = old.site.at("operationId"), new.site.at("operationId")
    if before.value is None and after.value is not None:
        comparison.tell("operation-id-added", after.pointer, new.name, new=f"`{after.value}`")
    elif before.value is not None and after.value is None:
        comparison.tell("operation-id-removed", before.pointer, new.name, old=f"`{before.value}`")
    elif before.value != after.value:
        told = {"old": f"`{before.value}`", "new": f"`{after.value}`"}
        comparison.tell("operation-id-changed", after.pointer, new.name, **told)
    tags = [[str(tag) for tag in one.site.at("tags").items] for one in (old, new)]
    for tag in tags[0]:
        if tag not in tags[1]:
            comparison.tell("operation-tag-removed", old.site.at("tags").pointer, new.name, old=f"`{tag}`")
    for tag in tags[1]:
        if tag not in tags[0]:
            comparison.tell("operation-tag-added", new.site.at("tags").pointer, new.name, new=f"`{tag}`")


def _lifecycle(comparison: Comparison, old: Operation, new: Operation) -> None:
    was, now = old.site.at("deprecated").flag, new.site.at("deprecated").flag
    before, after = old.site.at("x-sunset"), new.site.at("x-sunset")
    pointer = new.site.at("deprecated").pointer
    if now and after.value is not None and day(after.value) is None:
        if before.value != after.value:
            comparison.tell("operation-sunset-invalid", after.pointer, new.name, new=f"`{after.value}`")
    elif now and not was:
        rule = "operation-deprecated-without-sunset" if after.value is None else "operation-deprecated"
        comparison.tell(rule, pointer, new.name, new=after.value)
    elif was and not now:
        comparison.tell("operation-deprecation-withdrawn", old.site.at("deprecated").pointer, new.name)
    if not was or not now:
        return
    days = day(before.value), day(after.value)
    if days[0] is not None and after.value is None:
        comparison.tell("operation-sunset-removed", before.pointer, new.name, old=before.value)
    elif days[0] is not None and days[1] is not None and days[0] != days[1]:
        kind = "earlier" if days[1] < days[0] else "later"
        told = {"old": before.value, "new": after.value}
        comparison.tell(f"operation-sunset-moved-{kind}", after.pointer, new.name, **told)
