"""The result of a comparison: findings, and a report that lists them in a fixed order."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
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
    be used by several operations: `operations` lists them all, `operation` is the first. `place` is equal for the same
    change of the same text at several pointers.
    """

    rule: str
    severity: Severity
    pointer: str
    operation: str
    message: str
    operations: tuple[str, ...] = field(default=(), compare=False)
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Cause:
    """One change, with a finding for each pointer at which the document repeats it."""

    findings: tuple[DiffFinding, ...]

    @property
    def first(self) -> DiffFinding:
        """The finding at the first pointer."""
        return self.findings[0]

    @property
    def operations(self) -> list[str]:
        """All operations that the change reaches."""
        return list(dict.fromkeys(name for finding in self.findings for name in finding.operations if name))

    def to_dict(self) -> dict[str, Any]:
        """The change in JSON output."""
        first = self.first
        return {
            "rule": first.rule,
            "severity": first.severity.value,
            "pointer": first.pointer,
            "operation": first.operation,
            "operations": self.operations,
            "places": [
                {"pointer": one.pointer, "operations": [name for name in one.operations if name]}
                for one in self.findings
            ],
            "message": first.message,
        }


@dataclass(frozen=True)
class Report:
    """The findings, the most severe first."""

    findings: tuple[DiffFinding, ...]

    @classmethod
    def of(cls, findings: Iterable[DiffFinding], place: Callable[[str], str] = str) -> "Report":
        """Create a report. Equal findings of several operations become one finding that lists them.

        `place` returns a text for a pointer, which is equal where the document repeats the same schema.
        """
        operations: dict[tuple[str, str, str], dict[str, None]] = {}
        first: dict[tuple[str, str, str], DiffFinding] = {}
        for finding in findings:
            key = (finding.rule, finding.pointer, finding.message)
            first.setdefault(key, finding)
            operations.setdefault(key, {})[finding.operation] = None
        merged = [
            replace(first[key], operations=tuple(names), place=place(key[1])) for key, names in operations.items()
        ]
        return cls(tuple(sorted(merged, key=lambda one: (one.severity.rank, one.pointer, one.rule, one.message))))

    def __iter__(self) -> Iterator[DiffFinding]:
        return iter(self.findings)

    @cached_property
    def causes(self) -> list[Cause]:
        """The findings, those of the same change together."""
        groups: dict[tuple[str, str, str], list[DiffFinding]] = {}
        for finding in self.findings:
            groups.setdefault((finding.rule, finding.message, finding.place), []).append(finding)
        return [Cause(tuple(group)) for group in groups.values()]

    def count(self, severity: Severity) -> int:
        """The number of changes of a severity."""
        return sum(cause.first.severity is severity for cause in self.causes)

    @property
    def breaks(self) -> bool:
        """Whether any finding is breaking."""
        return any(finding.severity is Severity.BREAKING for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """The report in JSON output."""
        return {
            "breaking": self.count(Severity.BREAKING),
            "warnings": self.count(Severity.WARNING),
            "findings": [cause.to_dict() for cause in self.causes],
        }
