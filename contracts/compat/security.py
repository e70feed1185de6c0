"""Compares the security requirements of operations, and the security schemes."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.compat.comparison import Comparison
from contracts.compat.document import Document, Node

# Scheme -> scopes. A request must satisfy all schemes of an alternative.
Alternative = dict[str, frozenset[str]]
_URLS = (
    ("authorizationUrl", "security-authorization-url-changed"),
    ("tokenUrl", "security-token-url-changed"),
    ("refreshUrl", "security-refresh-url-changed"),
)


def compare_requirements(comparison: Comparison, old: Node, new: Node, operation: str) -> None:
    """Compare the requirements of an operation. Each alternative of the old document must remain sufficient."""
    before, _ = _alternatives(comparison.old, old)
    names = _renamed_schemes(comparison)
    canonical = _canonical_names(comparison)
    after, pointer = _alternatives(comparison.new, new)
    renamed = {scheme: names.get(scheme, scheme) for one in before for scheme in one}
    before = [{canonical.get(renamed[scheme], scheme): scopes for scheme, scopes in one.items()} for one in before]
    after = [{canonical.get(scheme, scheme): scopes for scheme, scopes in one.items()} for one in after]
    for one in before:
        if not any(_satisfies(one, other) for other in after):
            _report_removed_alternative(comparison, one, after, pointer, operation)
    for other in after:
        if not any(_satisfies(other, one) for one in before):
            _report_added_alternative(comparison, other, before, pointer, operation)


def _alternatives(document: Document, operation: Node) -> tuple[list[Alternative], str]:
    node = operation.at("security") if "security" in operation.mapping else document.root.at("security")
    found = [_alternative(requirement) for requirement in node.items if isinstance(requirement, Mapping)]
    return found or [{}], node.pointer


def _alternative(requirement: Mapping[str, Any]) -> Alternative:
    return {
        scheme: frozenset(str(scope) for scope in scopes) if isinstance(scopes, list) else frozenset()
        for scheme, scopes in requirement.items()
    }


def _satisfies(credentials: Alternative, required: Alternative) -> bool:
    """Whether credentials for one alternative satisfy another."""
    return all(scheme in credentials and scopes <= credentials[scheme] for scheme, scopes in required.items())


def _scheme_names(alternative: Alternative) -> str:
    return " with ".join(f"`{scheme}`" for scheme in sorted(alternative))


def _find_same_schemes(one: Alternative, others: list[Alternative]) -> Alternative | None:
    return next((other for other in others if other.keys() == one.keys()), None)


def _report_removed_alternative(
    comparison: Comparison, one: Alternative, after: list[Alternative], pointer: str, operation: str
) -> None:
    if not one:
        comparison.report("security-required", pointer, operation)
    elif (same := _find_same_schemes(one, after)) is not None:
        for scope in sorted(scope for scheme, scopes in same.items() for scope in scopes - one[scheme]):
            details = {"element": f"scope:{scope}", "new": f"`{scope}`"}
            comparison.report("security-scope-added", pointer, operation, **details)
    elif (more := next((other for other in after if other.keys() > one.keys()), None)) is not None:
        added = {scheme: scopes for scheme, scopes in more.items() if scheme not in one}
        details = {"element": _element(comparison, one), "old": _scheme_names(one), "new": _scheme_names(added)}
        comparison.report("security-scheme-required", pointer, operation, **details)
    else:
        details = {"element": _element(comparison, one), "old": _scheme_names(one)}
        comparison.report("security-alternative-removed", pointer, operation, **details)


def _element(comparison: Comparison, alternative: Alternative) -> str:
    """The only scheme of an alternative in usage evidence, or an empty text if several or a renamed one are used."""
    names = [name for name in alternative if name in _schemes(comparison.old)]
    return f"security:{names[0]}" if len(names) == len(alternative) == 1 else ""


def _report_added_alternative(
    comparison: Comparison, one: Alternative, before: list[Alternative], pointer: str, operation: str
) -> None:
    if not one:
        comparison.report("security-no-longer-required", pointer, operation)
    elif (same := _find_same_schemes(one, before)) is not None:
        for scope in sorted(scope for scheme, scopes in same.items() for scope in scopes - one[scheme]):
            comparison.report("security-scope-removed", pointer, operation, old=f"`{scope}`")
    elif (more := next((other for other in before if other.keys() > one.keys()), None)) is not None:
        removed = {scheme: scopes for scheme, scopes in more.items() if scheme not in one}
        comparison.report("security-scheme-no-longer-required", pointer, operation, old=_scheme_names(removed))
    else:
        comparison.report("security-alternative-added", pointer, operation, new=_scheme_names(one))


def compare_schemes(comparison: Comparison) -> None:
    """Compare the schemes of both documents. A renamed scheme with the same definition counts as unchanged."""
    before, after = _schemes(comparison.old), _schemes(comparison.new)
    names = _renamed_schemes(comparison)
    used = _used_schemes(comparison.old)
    for name, node in before.items():
        successor = after.get(names.get(name, name))
        if successor is None:
            comparison.report("security-scheme-removed", node.pointer, what=f"`{name}`")
        elif name in used:
            _compare_scheme(comparison, name, node, successor)
    for name, node in after.items():
        if name not in before and name not in names.values():
            comparison.report("security-scheme-added", node.pointer, what=f"`{name}`")


def _used_schemes(document: Document) -> set[str]:
    """The schemes that any operation requires. Changes of other schemes do not affect clients."""
    owners = [document.root]
    paths = document.root.at("paths")
    for path in paths.mapping:
        item = document.resolve(paths.at(path))
        owners += [operation for _, operation in document.methods(item)]
    return {
        str(scheme)
        for owner in owners
        for one in owner.at("security").items
        if isinstance(one, Mapping)
        for scheme in one
    }


def _schemes(document: Document) -> dict[str, Node]:
    schemes = document.root.at("components", "securitySchemes")
    return {name: document.resolve(schemes.at(name)) for name in schemes.mapping}


def _renamed_schemes(comparison: Comparison) -> dict[str, str]:
    """The new name of each scheme of the old document that has the same definition under another name."""
    before, after = _schemes(comparison.old), _schemes(comparison.new)
    by_definition: dict[str, str] = {}
    for name in sorted(after, key=lambda one: one in before):
        by_definition.setdefault(_definition(after[name]), name)
    found = {}
    for name, node in before.items():
        definition = _definition(node)
        if definition in by_definition and (name not in after or _definition(after[name]) != definition):
            found[name] = by_definition[definition]
    return found


def _canonical_names(comparison: Comparison) -> dict[str, str]:
    """One name for all schemes of the new document with the same definition."""
    first: dict[str, str] = {}
    return {name: first.setdefault(_definition(node), name) for name, node in _schemes(comparison.new).items()}


def _definition(node: Node) -> str:
    """What a client has to know to send credentials, as text. Names of headers and HTTP schemes ignore case."""
    compared = {name: node.mapping.get(name) for name in ("type", "in", "name", "scheme", "openIdConnectUrl")}
    if compared["in"] == "header":
        compared["name"] = str(compared["name"]).lower()
    compared["scheme"] = str(compared["scheme"]).lower()
    flows = {
        flow: {
            **{member: node.at("flows", flow, member).value for member, _ in _URLS},
            "scopes": sorted(node.at("flows", flow, "scopes").mapping),
        }
        for flow in node.at("flows").mapping
    }
    return json.dumps([compared, flows], sort_keys=True)


def _compare_scheme(comparison: Comparison, name: str, old: Node, new: Node) -> None:
    if old.at("type").value != new.at("type").value:
        _report_changed(comparison, "security-scheme-type-changed", name, old.at("type"), new.at("type"))
        return
    for member, rule in (
        ("in", "security-scheme-location-changed"),
        ("name", "security-scheme-name-changed"),
        ("scheme", "security-scheme-http-changed"),
        ("bearerFormat", "security-scheme-bearer-format-changed"),
        ("openIdConnectUrl", "security-scheme-openid-url-changed"),
    ):
        before, after = old.at(member), new.at(member)
        ignores_case = member == "scheme" or (member == "name" and new.at("in").value == "header")
        folded = [str(one.value).lower() if ignores_case else one.value for one in (before, after)]
        if folded[0] != folded[1]:
            _report_changed(comparison, rule, name, before, after)
    flows = old.at("flows"), new.at("flows")
    for flow in flows[0].mapping:
        if flow not in flows[1].mapping:
            details = {"what": f"`{name}`", "old": f"`{flow}`"}
            comparison.report("security-flow-removed", flows[0].at(flow).pointer, **details)
        else:
            _compare_flow(comparison, name, flows[0].at(flow), flows[1].at(flow))
    for flow in flows[1].mapping:
        if flow not in flows[0].mapping:
            details = {"what": f"`{name}`", "new": f"`{flow}`"}
            comparison.report("security-flow-added", flows[1].at(flow).pointer, **details)


def _compare_flow(comparison: Comparison, name: str, old: Node, new: Node) -> None:
    for member, rule in _URLS:
        if old.at(member).value != new.at(member).value:
            _report_changed(comparison, rule, name, old.at(member), new.at(member))
    for scope, owner, rule, key in _scope_changes(old.at("scopes"), new.at("scopes")):
        comparison.report(rule, owner.at(scope).pointer, what=f"`{name}`", **{key: f"`{scope}`"})


def _scope_changes(old: Node, new: Node) -> Iterator[tuple[str, Node, str, str]]:
    for scope in old.mapping:
        if scope not in new.mapping:
            yield scope, old, "security-scope-withdrawn", "old"
    for scope in new.mapping:
        if scope not in old.mapping:
            yield scope, new, "security-scope-offered", "new"


def _report_changed(comparison: Comparison, rule: str, name: str, old: Node, new: Node) -> None:
    shown = ["nothing" if node.value is None else f"`{node.value}`" for node in (old, new)]
    comparison.report(rule, new.pointer, element=f"security:{name}", what=f"`{name}`", old=shown[0], new=shown[1])
