"""Every rule has a pair that triggers it and a pair next to it that breaks nobody."""

import copy
from typing import Any

import pytest

from contracts.compat import Severity, diff
from contracts.compat.catalogue.schemas import CHANGES, Change, Context, Effect, rule_id
from contracts.compat.reference import main, reference
from contracts.compat.registry import registry
from tests.contracts.compat.documents import at
from tests.contracts.compat.protocol_examples import PROTOCOL_EXAMPLES
from tests.contracts.compat.schema_examples import COMPONENTS, SCHEMA_EXAMPLES

Json = Any
BY_NAME = {change.name: change for change in CHANGES}


CASES = [(context, change) for change in SCHEMA_EXAMPLES for context in Context if BY_NAME[change].occurs_in(context)]


def rules_of(old: Json, new: Json) -> dict[str, Severity]:
    return {finding.rule: finding.severity for finding in diff(copy.deepcopy(old), copy.deepcopy(new))}


def harmless(change: Change, context: Context) -> Json:
    """What to change the old schema into: given, or the way back of a change that has one, or other words."""
    pair = SCHEMA_EXAMPLES[change.name]
    if pair.harmless is not None:
        return pair.old, pair.harmless
    if change.effect in {Effect.NARROWS, Effect.WIDENS} and change.severity(context) is Severity.BREAKING:
        return pair.new, pair.old
    return pair.old, {**pair.old, "description": "Other words."}


def test_every_rule_has_its_pairs() -> None:
    of_schemas = {rule_id(context, change) for context, change in CASES}
    assert registry().keys() == PROTOCOL_EXAMPLES.keys() | of_schemas
    assert len(registry()) >= 150


@pytest.mark.parametrize(("context", "change"), CASES)
def test_a_change_of_a_schema_is_told_by_its_rule(context: Context, change: str) -> None:
    pair = SCHEMA_EXAMPLES[change]
    found = rules_of(at(context, pair.old, **COMPONENTS), at(context, pair.new, **COMPONENTS))
    rule = registry()[rule_id(context, change)]
    assert found[rule.id] is rule.severity
    breaks = rule.severity is Severity.BREAKING
    assert breaks or Severity.BREAKING not in found.values(), found


@pytest.mark.parametrize(("context", "change"), CASES)
def test_the_change_next_to_it_breaks_nobody(context: Context, change: str) -> None:
    old, new = harmless(BY_NAME[change], context)
    found = rules_of(at(context, old, **COMPONENTS), at(context, new, **COMPONENTS))
    assert Severity.BREAKING not in found.values(), found
    assert rule_id(context, change) not in found


@pytest.mark.parametrize("name", PROTOCOL_EXAMPLES)
def test_a_change_around_the_schemas_is_told_by_its_rule(name: str) -> None:
    pair = PROTOCOL_EXAMPLES[name]
    found = rules_of(pair.old, pair.new)
    assert found[name] is registry()[name].severity
    assert registry()[name].severity is Severity.BREAKING or Severity.BREAKING not in found.values(), found


@pytest.mark.parametrize("name", PROTOCOL_EXAMPLES)
def test_the_pair_next_to_it_breaks_nobody(name: str) -> None:
    pair = PROTOCOL_EXAMPLES[name]
    found = rules_of(pair.old, pair.harmless)
    assert Severity.BREAKING not in found.values(), found
    assert name not in found


def test_every_message_is_one_sentence_about_the_documents() -> None:
    for name, pair in PROTOCOL_EXAMPLES.items():
        for finding in diff(pair.old, pair.new):
            assert finding.message.endswith("."), name
            assert "{" not in finding.message.replace("{v}", "").replace("{$request.body#/url}", ""), finding
            assert "None" not in finding.message, finding


def test_the_reference_is_what_the_registry_says() -> None:
    assert main(["--check"]) == 0
    assert "request-parameter-became-required" in reference()
