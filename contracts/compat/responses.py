"""Compares responses: statuses, bodies, headers and links."""

import json
from collections.abc import Mapping

from contracts.compat.bodies import compare_content
from contracts.compat.catalogue.schemas import Place
from contracts.compat.comparison import Comparison
from contracts.compat.document import Site
from contracts.compat.engine import Pair
from contracts.compat.media import covering, media_types
from contracts.compat.normalized_schema import Node


def compare_responses(comparison: Comparison, old: Site, new: Site, operation: str) -> None:
    """Everything that the server may answer."""
    before, after = statuses(old), statuses(new)
    for status, site in before.items():
        successors = _successors(status, after)
        if not successors:
            _removed(comparison, status, site, before, operation)
        for successor in successors:
            was, now = comparison.old.resolve(site), comparison.new.resolve(successor)
            _bodies(comparison, was, now, status, operation)
            _headers(comparison, was, now, operation)
            _links(comparison, was, now, status, operation)
    for status, site in after.items():
        if _covering(status, before, exact=True) is None:
            _added(comparison, status, site, operation)


def statuses(operation: Site) -> dict[str, Site]:
    """The responses by status; ranges in upper case."""
    responses = operation.at("responses")
    return {status.upper(): responses.at(status) for status in responses.mapping if not status.startswith("x-")}


def _success(status: str) -> bool:
    return status.startswith("2")


def _covering(status: str, others: Mapping[str, Site], *, exact: bool = False) -> Site | None:
    """What is said about a status: by itself, by its range, or by the default where nothing else is a success."""
    for name in (status, f"{status[:1]}XX"):
        if name in others:
            return others[name]
    default = others.get("DEFAULT")
    if exact or default is None or not _success(status) or any(_success(other) for other in others):
        return None
    return default


def _successors(status: str, after: Mapping[str, Site]) -> list[Site]:
    """What is said now about a status; a range lives on in its members."""
    if status.endswith("XX") and status not in after:
        return [site for other, site in after.items() if other[:1] == status[:1]]
    covering = _covering(status, after)
    return [] if covering is None else [covering]


def _removed(comparison: Comparison, status: str, site: Site, before: Mapping[str, Site], operation: str) -> None:
    relied_on = _success(status) or (status.startswith("3") and not any(_success(other) for other in before))
    if status == "DEFAULT":
        comparison.tell("response-default-removed", site.pointer, operation)
    elif relied_on:
        comparison.tell("response-success-removed", site.pointer, operation, old=status)
    else:
        comparison.tell("response-error-removed", site.pointer, operation, old=status)


def _added(comparison: Comparison, status: str, site: Site, operation: str) -> None:
    if status == "DEFAULT":
        comparison.tell("response-default-added", site.pointer, operation)
    elif _success(status):
        comparison.tell("response-success-added", site.pointer, operation, new=status)
    else:
        comparison.tell("response-error-added", site.pointer, operation, new=status)


def _bodies(comparison: Comparison, old: Site, new: Site, status: str, operation: str) -> None:
    before, after = media_types(old), media_types(new)
    if not before and after:
        comparison.tell("response-body-added", new.pointer, operation, what=status)
        return
    if before and not after:
        comparison.tell("response-body-removed", old.at("content").pointer, operation, what=status)
        return
    for name, media in before.items():
        own = after.get(name)
        if own is not None:
            compare_content(comparison, media, own, Place.ANSWER, operation)
            continue
        wider = covering(name, after)
        narrower = [one for other, one in after.items() if covering(other, {name: media}) is not None]
        if wider is not None:
            told = {"old": f"`{media.name}`", "new": f"`{wider.name}`"}
            comparison.tell("response-media-type-generalised", wider.site.pointer, operation, what=status, **told)
        elif narrower:
            for one in narrower:
                compare_content(comparison, media, one, Place.ANSWER, operation)
        else:
            told = {"old": f"`{media.name}`"}
            comparison.tell("response-media-type-removed", media.site.pointer, operation, what=status, **told)
    for name, media in after.items():
        if covering(name, before) is None:
            told = {"new": f"`{media.name}`"}
            comparison.tell("response-media-type-added", media.site.pointer, operation, what=status, **told)


def _headers(comparison: Comparison, old: Site, new: Site, operation: str) -> None:
    before, after = _named(old), _named(new)
    for key, (name, reference) in before.items():
        if key not in after:
            comparison.tell("response-header-removed", reference.pointer, operation, what=f"`{name}`")
            continue
        site, successor = comparison.old.resolve(reference), comparison.new.resolve(after[key][1])
        if site.at("required").flag != successor.at("required").flag:
            kind = "required" if successor.at("required").flag else "optional"
            comparison.tell(f"response-header-became-{kind}", successor.pointer, operation, what=f"`{name}`")
        pair = Pair(Node.of(_schema(site), name), Node.of(_schema(successor), name), Place.HEADER)
        comparison.schemas(pair, operation)
    for key, (name, reference) in after.items():
        if key not in before:
            comparison.tell("response-header-added", reference.pointer, operation, what=f"`{name}`")


def _named(response: Site) -> dict[str, tuple[str, Site]]:
    headers = response.at("headers")
    # OpenAPI: "Content-Type" among the headers is ignored.
    return {name.lower(): (name, headers.at(name)) for name in headers.mapping if name.lower() != "content-type"}


def _schema(header: Site) -> Site:
    content = header.at("content")
    return content.at(next(iter(content.mapping)), "schema") if content.mapping else header.at("schema")


def _links(comparison: Comparison, old: Site, new: Site, status: str, operation: str) -> None:
    before, after = old.at("links"), new.at("links")
    for name in before.mapping:
        told = {"what": f"`{name}`", "place": status}
        if name not in after.mapping:
            comparison.tell("response-link-removed", before.at(name).pointer, operation, **told)
            continue
        pair = [
            resolve(site.at(name))
            for resolve, site in ((comparison.old.resolve, before), (comparison.new.resolve, after))
        ]
        if _target(pair[0]) != _target(pair[1]):
            comparison.tell("response-link-changed", pair[1].pointer, operation, **told)
    for name in after.mapping:
        if name not in before.mapping:
            told = {"what": f"`{name}`", "place": status}
            comparison.tell("response-link-added", after.at(name).pointer, operation, **told)


def _target(link: Site) -> str:
    members = ("operationId", "operationRef", "parameters", "requestBody")
    return json.dumps({name: link.at(name).value for name in members}, sort_keys=True)
