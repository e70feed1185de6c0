"""Laws of the comparison, on generated documents and on the contracts."""

import copy
import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.compat import NotOpenAPI, Severity, diff
from tests.contracts.compat.documents import body, document, with_request
from tests.contracts.compat.strategies import documents, extract_schemas, inline_references, rename_schemas, reorder
from versions.registry import VERSIONS

Json = Any
FOLDER = Path(__file__).parents[3] / "contracts"
NAMES = [version.name for version in VERSIONS]
LAWS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@cache
def contract(version: str) -> Json:
    return json.loads((FOLDER / f"{version}.openapi.json").read_text())


COMMITTED = st.sampled_from(NAMES).map(contract)
ANY = documents() | COMMITTED


@LAWS
@given(ANY)
def test_equal_documents_have_no_findings(doc: Json) -> None:
    assert diff(doc, copy.deepcopy(doc)).findings == ()


@LAWS
@given(documents(), st.randoms(use_true_random=False))
def test_the_order_of_keys_has_no_effect(doc: Json, random: Any) -> None:
    assert diff(doc, reorder(doc, lambda items: random.sample(items, len(items)))).findings == ()


@pytest.mark.parametrize("version", NAMES)
def test_the_order_of_keys_has_no_effect_in_the_contracts(version: str) -> None:
    doc = contract(version)
    assert diff(doc, reorder(doc, lambda items: items[::-1])).findings == ()


@LAWS
@given(documents())
def test_references_and_inline_schemas_are_equal(doc: Json) -> None:
    assert diff(doc, inline_references(doc, doc)).findings == ()
    assert diff(inline_references(doc, doc), doc).findings == ()
    assert diff(doc, extract_schemas(doc)).findings == ()
    assert diff(doc, rename_schemas(doc, {"Alpha": "Beta", "Beta": "Gamma"})).findings == ()


@pytest.mark.parametrize("version", NAMES)
def test_references_and_inline_schemas_are_equal_in_the_contracts(version: str) -> None:
    doc = contract(version)
    assert diff(doc, inline_references(doc, doc)).findings == ()
    assert diff(doc, extract_schemas(doc)).findings == ()
    names = {name: f"{name}2" for name in doc["components"]["schemas"]}
    assert diff(doc, rename_schemas(doc, names)).findings == ()


# The end of a rule id, and the end of the id for the reverse change.
REVERSE = {
    "added": "removed",
    "removed": "added",
    "increased": "decreased",
    "decreased": "increased",
    "widened": "narrowed",
    "narrowed": "widened",
    "became-nullable": "became-not-nullable",
    "became-not-nullable": "became-nullable",
    "became-enum": "enum-dropped",
    "enum-dropped": "became-enum",
    "required-property-added": "property-removed",
    "request-parameter-added-required": "request-parameter-removed",
    "property-became-required": "property-became-optional",
    "property-became-optional": "property-became-required",
    "closed": "opened",
    "map-values-removed": "additional-properties-opened",
}


def reverse_rule(rule: str) -> str | None:
    for end in sorted(REVERSE, key=len, reverse=True):
        if rule.endswith(end):
            return rule[: -len(end)] + REVERSE[end]
    return None


@LAWS
@given(documents(), documents())
def test_the_reverse_change_triggers_the_reverse_rule(old: Json, new: Json) -> None:
    forward = {finding.rule for finding in diff(old, new)}
    backward = {finding.rule for finding in diff(new, old)}
    for rule in forward:
        expected = reverse_rule(rule)
        # Removed parts may or may not have been required; the matching of variants depends on the direction.
        if expected is None or "variant" in rule or "property-removed" in rule or "parameter-removed" in rule:
            continue
        assert expected in backward, (rule, backward)


@LAWS
@given(documents(), st.data())
def test_an_additional_change_does_not_hide_a_finding(doc: Json, data: st.DataObject) -> None:
    first, both = copy.deepcopy(doc), copy.deepcopy(doc)
    for changed in (first, both):
        del changed["paths"]["/things"]
    additional = data.draw(st.sampled_from(["security", "body", "id"]))
    operation = both["paths"]["/things/{id}"]["put"]
    if additional == "security":
        operation["security"] = [{"key": []}]
    elif additional == "body":
        operation["requestBody"]["required"] = True
    else:
        operation["operationId"] = "other"
    alone, together = diff(doc, first), diff(doc, both)
    assert set(alone.findings) < set(together.findings)
    assert together.count(Severity.BREAKING) == alone.count(Severity.BREAKING) + 1


@LAWS
@given(documents(), documents())
def test_the_order_of_findings_is_fixed(old: Json, new: Json) -> None:
    first, second = (json.dumps(diff(old, new).to_dict()) for _ in range(2))
    assert first == second
    severities = [finding.severity.rank for finding in diff(old, new)]
    assert severities == sorted(severities)


def members(value: Json) -> list[tuple[Json, Any]]:
    """All members of a document, each as its owner and its name."""
    found = []
    for name, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        found.append((value, name))
        if isinstance(inner, dict | list):
            found += members(inner)
    return found


JUNK = st.sampled_from([None, True, False, 0, -1, 1.5, "", "x", [], {}, [None], {"": None}, {"$ref": "#"}, {"$ref": 1}])


@settings(LAWS, max_examples=250)
@given(documents(), st.data())
def test_a_damaged_document_is_compared_or_rejected(doc: Json, data: st.DataObject) -> None:
    broken = copy.deepcopy(doc)
    for _ in range(data.draw(st.integers(1, 3))):
        owner, name = data.draw(st.sampled_from(members(broken)))
        if data.draw(st.booleans()):
            owner[name] = copy.deepcopy(data.draw(JUNK))
        else:
            del owner[name]
            if not members(broken):
                return
    for old, new in ((doc, broken), (broken, doc), (broken, copy.deepcopy(broken))):
        try:
            report = diff(old, new)
        except NotOpenAPI as error:
            assert str(error)  # noqa: PT017 - rejection is one of two correct results
        else:
            assert json.dumps(report.to_dict())


def chain(length: int) -> Json:
    """Components that reference each other in a long circle."""
    schemas = {
        f"S{n}": {
            "type": "object",
            "properties": {"next": {"$ref": f"#/components/schemas/S{(n + 1) % length}"}, "size": {"type": "integer"}},
        }
        for n in range(length)
    }
    return with_request(body({"$ref": "#/components/schemas/S0"})) | {"components": {"schemas": schemas}}


def measure_seconds(doc: Json) -> float:
    other = copy.deepcopy(doc)
    start = time.process_time()
    assert diff(doc, other).findings == ()
    return time.process_time() - start


def test_the_time_grows_linearly_with_the_size_of_a_document() -> None:
    short, long = (min(measure_seconds(chain(length)) for _ in range(2)) for length in (150, 1_500))
    # Ten times the size takes 10 times as long if linear, 100 times if quadratic.
    assert long < 35 * short


def test_nested_unions_are_compared_in_bounded_time() -> None:
    def nested(depth: int, leaf: str) -> Json:
        inner = {"type": leaf} if depth == 0 else nested(depth - 1, leaf)
        return {"oneOf": [{"type": "object", "required": ["a"], "properties": {"a": inner}}, {"type": "string"}]}

    old, new = (document() | with_request(body(nested(12, leaf))) for leaf in ("integer", "boolean"))
    start = time.process_time()
    assert diff(old, new).breaks
    assert time.process_time() - start < 100 * max(measure_seconds(old), 0.01)
