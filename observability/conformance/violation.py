"""Violations of a contract, without any value of the exchange, which could be personal data."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from observability.conformance.schemas import Direction, Finding, Steps, pointer

Rule = Literal["operation", "status", "media_type", "body", "header", "path", "query", "cookie"]
"""The part that violates the contract; a small set, because it is a label value."""


@dataclass(frozen=True, slots=True)
class Violation:
    """The location in the contract and in the exchange; never the value."""

    direction: Direction
    rule: Rule
    keyword: str = ""
    pointer: str = ""
    """In the exchange: ``/body/items/0/title``, ``/query/limit``, ``/header/ETag``."""
    schema: str = ""
    """In the contract."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of the check of one exchange."""

    operation: str | None
    """The operation id in the contract."""
    checked: tuple[Direction, ...]
    violations: tuple[Violation, ...]

    def conforms(self, direction: Direction) -> bool:
        """Whether the request, or the response, has no violation."""
        return all(violation.direction != direction for violation in self.violations)


def of_schema(direction: Direction, rule: Rule, finding: Finding, names: AbstractSet[str], at: Steps = ()) -> Violation:
    """Build a violation of a schema. Names that the contract does not declare may be personal data and become ``*``."""
    within = tuple(step if isinstance(step, int) or step in names else "*" for step in finding.pointer)
    return Violation(direction, rule, finding.keyword, pointer((rule, *at, *within)), pointer(finding.schema))
