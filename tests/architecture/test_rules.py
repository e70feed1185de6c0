"""The code follows every rule, each rule finds its violations, and each exception is needed."""

import ast

import pytest

from tests.architecture.rules import RULES
from tests.architecture.rules.core import FEATURES
from tests.architecture.rules.rule import Rule

by_name = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
REJECTED = [(rule, source) for rule in RULES for source in rule.rejected]
ACCEPTED = [(rule, source) for rule in RULES for source in rule.accepted]


def numbered(cases: list[tuple[Rule, str]]) -> list[str]:
    return [f"{rule.name}-{number}" for number, (rule, _) in enumerate(cases)]


@by_name
def test_the_code_follows_the_rule(rule: Rule) -> None:
    assert rule.sources, "the patterns match modules"
    assert [violation for violation in rule.violations if not rule.is_excepted(violation)] == []


@by_name
def test_every_exception_is_needed(rule: Rule) -> None:
    found = [violation.rpartition(":")[0] for violation in rule.violations]
    used = {*found, *(place.partition("::")[0] for place in found)}
    assert rule.exceptions.keys() - used == set()
    assert all(rule.exceptions.values()), "an exception has a reason"


@pytest.mark.parametrize(("rule", "source"), REJECTED, ids=numbered(REJECTED))
def test_a_violation_is_found(rule: Rule, source: str) -> None:
    assert list(rule.find(ast.parse(source)))


@pytest.mark.parametrize(("rule", "source"), ACCEPTED, ids=numbered(ACCEPTED))
def test_correct_code_is_accepted(rule: Rule, source: str) -> None:
    assert list(rule.find(ast.parse(source))) == []


def test_rules_have_names_and_samples() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.rejected and rule.accepted for rule in RULES)
    assert {"access", "auth", "lifecycle", "posts", "users"} <= set(FEATURES)
