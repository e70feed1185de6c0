"""Every rule has an example that triggers it, and a similar change that is not breaking."""

import copy
import re
from typing import Any

import pytest

from contracts.compat import Severity, diff
from contracts.compat.catalogue.change import Change, Context, Effect
from contracts.compat.catalogue.schemas import CHANGES, VALUE_CHANGES, rule_id
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


def harmless_pair(change: Change, context: Context) -> Json:
    """Two schemas with a safe change: the declared one, the reverse change, or another description."""
    example = SCHEMA_EXAMPLES[change.name]
    if example.harmless is not None:
        return example.old, example.harmless
    if change.effect in {Effect.NARROWS, Effect.WIDENS} and change.severity(context) is Severity.BREAKING:
        return example.new, example.old
    return example.old, {**example.old, "description": "Another description."}


def test_every_rule_has_an_example() -> None:
    of_schemas = {rule_id(context, change) for context, change in CASES}
    assert registry().keys() == PROTOCOL_EXAMPLES.keys() | of_schemas
    assert len(registry()) >= 150


@pytest.mark.parametrize(("context", "change"), CASES)
def test_a_schema_change_triggers_its_rule(context: Context, change: str) -> None:
    example = SCHEMA_EXAMPLES[change]
    found = rules_of(at(context, example.old, **COMPONENTS), at(context, example.new, **COMPONENTS))
    rule = registry()[rule_id(context, change)]
    if BY_NAME[change].effect is Effect.UNCLEAR and change in VALUE_CHANGES:
        # The values decide whether it is breaking.
        assert rule.id in found
        return
    assert found[rule.id] is rule.severity
    breaks = rule.severity is Severity.BREAKING
    assert breaks or Severity.BREAKING not in found.values(), found


@pytest.mark.parametrize(("context", "change"), CASES)
def test_a_harmless_schema_change_is_not_breaking(context: Context, change: str) -> None:
    old, new = harmless_pair(BY_NAME[change], context)
    found = rules_of(at(context, old, **COMPONENTS), at(context, new, **COMPONENTS))
    assert Severity.BREAKING not in found.values(), found
    assert rule_id(context, change) not in found


@pytest.mark.parametrize("name", PROTOCOL_EXAMPLES)
def test_a_protocol_change_triggers_its_rule(name: str) -> None:
    example = PROTOCOL_EXAMPLES[name]
    found = rules_of(example.old, example.new)
    assert found[name] is registry()[name].severity
    assert registry()[name].severity is Severity.BREAKING or Severity.BREAKING not in found.values(), found


@pytest.mark.parametrize("name", PROTOCOL_EXAMPLES)
def test_a_harmless_protocol_change_is_not_breaking(name: str) -> None:
    example = PROTOCOL_EXAMPLES[name]
    found = rules_of(example.old, example.harmless)
    assert Severity.BREAKING not in found.values(), found
    assert name not in found


def test_every_message_is_a_sentence_without_placeholders() -> None:
    for name, example in PROTOCOL_EXAMPLES.items():
        for finding in diff(example.old, example.new):
            assert finding.message.endswith("."), name
            assert "{" not in re.sub(r"\{\$[^}]*\}|\{v\}", "", finding.message), finding
            assert "None" not in finding.message, finding


def test_the_committed_reference_is_up_to_date() -> None:
    assert main(["--check"]) == 0
    assert "request-parameter-became-required" in reference()
