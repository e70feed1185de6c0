"""The rules of the code that no linter knows: where each applies, what breaks it, and its exceptions."""

from dataclasses import replace

from tests.architecture.rules import core, everywhere, versions
from tests.architecture.rules.exceptions import OF_VERSIONS

RULES = tuple(
    replace(rule, exceptions={**rule.exceptions, **OF_VERSIONS.get(rule.name, {})})
    for rule in (*core.RULES, *versions.RULES, *everywhere.RULES)
)
