"""The rules of the code that no linter knows: where each applies, what breaks it, and its exceptions."""

from tests.architecture.rules import core, everywhere, versions

RULES = (*core.RULES, *versions.RULES, *everywhere.RULES)
