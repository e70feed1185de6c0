"""A promise that was not kept, told without anything that a person might not want told."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from observability.conformance.schemas import Direction, Finding, Steps, pointer

Rule = Literal["operation", "status", "media_type", "body", "header", "path", "query", "cookie"]
"""What was not as promised; few, since they are values of a label."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Where the promise stands, and where it was broken; never with what."""

    direction: Direction
    rule: Rule
    keyword: str = ""
    pointer: str = ""
    """Into the exchange: ``/body/items/0/title``, ``/query/limit``, ``/header/ETag``."""
    schema: str = ""
    """Into the contract."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What is to be said of an exchange."""

    operation: str | None
    """What the contract calls it."""
    checked: tuple[Direction, ...]
    violations: tuple[Violation, ...]

    def conforms(self, direction: Direction) -> bool:
        """Whether nothing is wrong with the request, or with the answer."""
        return all(violation.direction != direction for violation in self.violations)


def of_schema(direction: Direction, rule: Rule, finding: Finding, names: AbstractSet[str], at: Steps = ()) -> Violation:
    """A violation of a schema. Names that the contract does not know were made up by somebody, and are left out."""
    within = tuple(step if isinstance(step, int) or step in names else "*" for step in finding.pointer)
    return Violation(direction, rule, finding.keyword, pointer((rule, *at, *within)), pointer(finding.schema))
