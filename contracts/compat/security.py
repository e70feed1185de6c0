"""Compares security: what an operation asks for, and what the schemes are."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.compat.comparison import Comparison
from contracts.compat.document import METHODS, Document, Site

# Scheme -> scopes; all of them are needed at once.
Alternative = dict[str, frozenset[str]]
_URLS = (
    ("authorizationUrl", "security-authorization-url-changed"),
    ("tokenUrl", "security-token-url-changed"),
    ("refreshUrl", "security-refresh-url-changed"),
)


def compare_requirements(comparison: Comparison, old: Site, new: Site, operation: str) -> None:
    """What callers must prove: each way that worked must still work."""
    before, _ = _alternatives(comparison.old, old)
    names = _renamed(comparison)
    before = [{names.get(scheme, scheme): scopes for scheme, scopes in one.items()} for one in before]
    after, pointer = _alternatives(comparison.new, new)
    for one in before:
        if not any(_covers(one, other) for other in after):
            _tell_lost(comparison, one, after, pointer, operation)
    for other in after:
        if not any(_covers(other, one) for one in before):
            _tell_won(comparison, other, before, pointer, operation)


def _alternatives(document: Document, operation: Site) -> tuple[list[Alternative], str]:
    site = operation.at("security") if "security" in operation.mapping else document.root.at("security")
    found = [_alternative(requirement) for requirement in site.items if isinstance(requirement, Mapping)]
    return found or [{}], site.pointer


def _alternative(requirement: Mapping[str, Any]) -> Alternative:
    return {
        scheme: frozenset(str(scope) for scope in scopes) if isinstance(scopes, list) else frozenset()
        for scheme, scopes in requirement.items()
    }


def _covers(held: Alternative, needed: Alternative) -> bool:
    """Whether who holds one can pass the other."""
    return all(scheme in held and scopes <= held[scheme] for scheme, scopes in needed.items())


def _named(alternative: Alternative) -> str:
    return " with ".join(f"`{scheme}`" for scheme in sorted(alternative))


def _nearest(one: Alternative, others: list[Alternative]) -> Alternative | None:
    return next((other for other in others if other.keys() == one.keys()), None)


def _tell_lost(
    comparison: Comparison, one: Alternative, after: list[Alternative], pointer: str, operation: str
) -> None:
    if not one:
        comparison.tell("security-required", pointer, operation)
    elif (same := _nearest(one, after)) is not None:
        for scope in sorted(scope for scheme, scopes in same.items() for scope in scopes - one[scheme]):
            comparison.tell("security-scope-added", pointer, operation, new=f"`{scope}`")
    elif (more := next((other for other in after if other.keys() > one.keys()), None)) is not None:
        added = {scheme: scopes for scheme, scopes in more.items() if scheme not in one}
        comparison.tell("security-scheme-required", pointer, operation, old=_named(one), new=_named(added))
    else:
        comparison.tell("security-alternative-removed", pointer, operation, old=_named(one))


def _tell_won(
    comparison: Comparison, one: Alternative, before: list[Alternative], pointer: str, operation: str
) -> None:
    if not one:
        comparison.tell("security-no-longer-required", pointer, operation)
    elif (same := _nearest(one, before)) is not None:
        for scope in sorted(scope for scheme, scopes in same.items() for scope in scopes - one[scheme]):
            comparison.tell("security-scope-removed", pointer, operation, old=f"`{scope}`")
    elif (more := next((other for other in before if other.keys() > one.keys()), None)) is not None:
        gone = {scheme: scopes for scheme, scopes in more.items() if scheme not in one}
        comparison.tell("security-scheme-no-longer-required", pointer, operation, old=_named(gone))
    else:
        comparison.tell("security-alternative-added", pointer, operation, new=_named(one))


def compare_schemes(comparison: Comparison) -> None:
    """The schemes that both documents have; one that only changed its name is the same."""
    before, after = _schemes(comparison.old), _schemes(comparison.new)
    names = _renamed(comparison)
    used = _used(comparison.old)
    for name, site in before.items():
        successor = after.get(names.get(name, name))
        if successor is None:
            comparison.tell("security-scheme-removed", site.pointer, what=f"`{name}`")
        elif name in used:
            _scheme(comparison, name, site, successor)
    for name, site in after.items():
        if name not in before and name not in names.values():
            comparison.tell("security-scheme-added", site.pointer, what=f"`{name}`")


def _used(document: Document) -> set[str]:
    """The schemes that something asks for; what becomes of the others concerns nobody."""
    owners = [document.root]
    paths = document.root.at("paths")
    for path in paths.mapping:
        item = document.resolve(paths.at(path))
        owners += [item.at(method) for method in METHODS]
    return {
        str(scheme)
        for owner in owners
        for one in owner.at("security").items
        if isinstance(one, Mapping)
        for scheme in one
    }


def _schemes(document: Document) -> dict[str, Site]:
    schemes = document.root.at("components", "securitySchemes")
    return {name: document.resolve(schemes.at(name)) for name in schemes.mapping}


def _renamed(comparison: Comparison) -> dict[str, str]:
    before, after = _schemes(comparison.old), _schemes(comparison.new)
    gone = [name for name in before if name not in after]
    fresh = {_definition(site): name for name, site in after.items() if name not in before}
    return {name: fresh[_definition(before[name])] for name in gone if _definition(before[name]) in fresh}


def _definition(site: Site) -> str:
    kept = {name: value for name, value in site.mapping.items() if name != "description" and not name.startswith("x-")}
    return json.dumps(kept, sort_keys=True)


def _scheme(comparison: Comparison, name: str, old: Site, new: Site) -> None:
    if old.at("type").value != new.at("type").value:
        _changed(comparison, "security-scheme-type-changed", name, old.at("type"), new.at("type"))
        return
    for member, rule in (
        ("in", "security-scheme-location-changed"),
        ("name", "security-scheme-name-changed"),
        ("scheme", "security-scheme-http-changed"),
        ("bearerFormat", "security-scheme-bearer-format-changed"),
        ("openIdConnectUrl", "security-scheme-openid-url-changed"),
    ):
        before, after = old.at(member), new.at(member)
        folded = [str(one.value).lower() if member in {"scheme", "name"} else one.value for one in (before, after)]
        if folded[0] != folded[1]:
            _changed(comparison, rule, name, before, after)
    flows = old.at("flows"), new.at("flows")
    for flow in flows[0].mapping:
        if flow not in flows[1].mapping:
            told = {"what": f"`{name}`", "old": f"`{flow}`"}
            comparison.tell("security-flow-removed", flows[0].at(flow).pointer, **told)
        else:
            _flow(comparison, name, flows[0].at(flow), flows[1].at(flow))
    for flow in flows[1].mapping:
        if flow not in flows[0].mapping:
            told = {"what": f"`{name}`", "new": f"`{flow}`"}
            comparison.tell("security-flow-added", flows[1].at(flow).pointer, **told)


def _flow(comparison: Comparison, name: str, old: Site, new: Site) -> None:
    for member, rule in _URLS:
        if old.at(member).value != new.at(member).value:
            _changed(comparison, rule, name, old.at(member), new.at(member))
    for scope, owner, rule, key in _scopes(old.at("scopes"), new.at("scopes")):
        comparison.tell(rule, owner.at(scope).pointer, what=f"`{name}`", **{key: f"`{scope}`"})


def _scopes(old: Site, new: Site) -> Iterator[tuple[str, Site, str, str]]:
    for scope in old.mapping:
        if scope not in new.mapping:
            yield scope, old, "security-scope-withdrawn", "old"
    for scope in new.mapping:
        if scope not in old.mapping:
            yield scope, new, "security-scope-offered", "new"


def _changed(comparison: Comparison, rule: str, name: str, old: Site, new: Site) -> None:
    shown = ["nothing" if site.value is None else f"`{site.value}`" for site in (old, new)]
    comparison.tell(rule, new.pointer, what=f"`{name}`", old=shown[0], new=shown[1])
