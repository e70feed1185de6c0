"""What a comparison says: findings, and the report that holds them in a fixed order."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """What a change does to a client that kept to the old document."""

    BREAKING = "breaking"
    WARNING = "warning"
    SAFE = "safe"

    @property
    def rank(self) -> int:
        """The gravest is 0."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One change that a client can see.

    The pointer leads into the new document, or into the old one where something was taken away. `operation` is the
    first one that shows the change; a component is shared, and `operations` has them all.
    """

    rule: str
    severity: Severity
    pointer: str
    operation: str
    message: str
    operations: tuple[str, ...] = field(default=(), compare=False)

    def plain(self) -> dict[str, str]:
        """The five members that scripts read."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "pointer": self.pointer,
            "operation": self.operation,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The findings, gravest first."""

    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> "Report":
        """A report in which a change that several operations share is told once."""
        operations: dict[tuple[str, str, str], dict[str, None]] = {}
        first: dict[tuple[str, str, str], Finding] = {}
        for finding in findings:
            key = (finding.rule, finding.pointer, finding.message)
            first.setdefault(key, finding)
            operations.setdefault(key, {})[finding.operation] = None
        merged = [replace(first[key], operations=tuple(names)) for key, names in operations.items()]
        return cls(tuple(sorted(merged, key=lambda one: (one.severity.rank, one.pointer, one.rule, one.message))))

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def count(self, severity: Severity) -> int:
        """How many findings are of this severity."""
        return sum(finding.severity is severity for finding in self.findings)

    @property
    def breaks(self) -> bool:
        """Whether a client of the old document can fail with the new one."""
        return any(finding.severity is Severity.BREAKING for finding in self.findings)

    def plain(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        return {
            "breaking": self.count(Severity.BREAKING),
            "warnings": self.count(Severity.WARNING),
            "findings": [finding.plain() for finding in self.findings],
        }
