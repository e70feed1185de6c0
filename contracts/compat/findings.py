"""The result of a comparison: findings, and a report that lists them in a fixed order."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """The effect of a change on a client of the old document."""

    BREAKING = "breaking"
    WARNING = "warning"
    SAFE = "safe"

    @property
    def rank(self) -> int:
        """The sort key of a severity: 0 is the most severe."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class DiffFinding:
    """One change that a client can see.

    `pointer` is a JSON pointer into the new document, or into the old one if something was removed. A component can
    be used by several operations: `operations` lists them all, `operation` is the first.
    """

    rule: str
    severity: Severity
    pointer: str
    operation: str
    message: str
    operations: tuple[str, ...] = field(default=(), compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The finding in JSON output."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "pointer": self.pointer,
            "operation": self.operation,
            "operations": [name for name in self.operations if name],
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The findings, the most severe first."""

    findings: tuple[DiffFinding, ...]

    @classmethod
    def of(cls, findings: Iterable[DiffFinding]) -> "Report":
        """Create a report. Equal findings of several operations become one finding that lists them."""
        operations: dict[tuple[str, str, str], dict[str, None]] = {}
        first: dict[tuple[str, str, str], DiffFinding] = {}
        for finding in findings:
            key = (finding.rule, finding.pointer, finding.message)
            first.setdefault(key, finding)
            operations.setdefault(key, {})[finding.operation] = None
        merged = [replace(first[key], operations=tuple(names)) for key, names in operations.items()]
        return cls(tuple(sorted(merged, key=lambda one: (one.severity.rank, one.pointer, one.rule, one.message))))

    def __iter__(self) -> Iterator[DiffFinding]:
        return iter(self.findings)

    def count(self, severity: Severity) -> int:
        """The number of findings of a severity."""
        return sum(finding.severity is severity for finding in self.findings)

    @property
    def breaks(self) -> bool:
        """Whether any finding is breaking."""
        return any(finding.severity is Severity.BREAKING for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """The report in JSON output."""
        return {
            "breaking": self.count(Severity.BREAKING),
            "warnings": self.count(Severity.WARNING),
            "findings": [finding.to_dict() for finding in self.findings],
        }
