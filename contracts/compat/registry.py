"""All rules by id: every kind of change that a client can see has one, with a stable id and a severity."""

from collections.abc import Mapping
from functools import cache

from contracts.compat.catalogue import protocol, schemas
from contracts.compat.rule import Rule


@cache
def registry() -> Mapping[str, Rule]:
    """Every rule by its id, in the order of RULES.md. Raises ``ValueError`` if two rules share an id."""
    rules = [*protocol.rules(), *schemas.rules()]
    found = {rule.id: rule for rule in rules}
    if len(found) != len(rules):
        raise ValueError("two rules share an id")
    return found
