"""The result of a comparison: findings, and a report that lists them in a fixed order."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

CALLBACK: Final = " callback "
"""Follows the operation in the name of a callback that it sends."""


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
class Occurrence:
    """An operation of the old document that a finding is about, and the element of it, as usage evidence names it.

    `element` is empty if it was not located. `status` is that of the response, or empty. `certain`: all values of the
    element have the changed schema; those of a union can have another one.
    """

    operation: str
    element: str = ""
    status: str = ""
    certain: bool = True


@dataclass(frozen=True, slots=True)
class AffectedUsage:
    """How many consumers a change breaks or may break, and their requests since a day."""

    breaks: int
    may_break: int
    requests: int
    since: str

    @property
    def sentence(self) -> str:
        """The numbers as a sentence."""
        if not self.breaks and not self.may_break:
            return f"Usage: no consumer is affected, by the requests since {self.since}."
        consumers = [f"{self.breaks:,} {'consumer breaks' if self.breaks == 1 else 'consumers break'}"]
        if self.may_break:
            consumers.append(f"{self.may_break:,} may break")
        requests = f"{self.requests:,} {'request' if self.requests == 1 else 'requests'}"
        return f"Usage: {', '.join(consumers)}; {requests} since {self.since}."

    def to_dict(self) -> dict[str, Any]:
        """The numbers in JSON output."""
        numbers = {"breaks": self.breaks, "may_break": self.may_break, "requests": self.requests}
        return {**numbers, "since": self.since}


@dataclass(frozen=True, slots=True)
class DiffFinding:
    """One change that a client can see.

    `pointer` is a JSON pointer into the new document, or into the old one if something was removed. A component can
    be used by several operations: `operations` lists them all, `operation` is the first. `place` is equal for the same
    change of the same text at several pointers.

    For impact analysis, `old` and `new` are the values of the changed keyword, `member` is the pointer from the
    compared schema to the member that the finding is about, and `occurrences` are the places in operations. `affected`
    is its result.
    """

    rule: str
    severity: Severity
    pointer: str
    operation: str
    message: str
    operations: tuple[str, ...] = field(default=(), compare=False)
    place: str = field(default="", compare=False)
    old: Any = field(default=None, compare=False)
    new: Any = field(default=None, compare=False)
    member: str = field(default="", compare=False)
    occurrences: tuple[Occurrence, ...] = field(default=(), compare=False)
    affected: AffectedUsage | None = field(default=None, compare=False)


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

    @property
    def message(self) -> str:
        """The message to the client, with the numbers of affected consumers if they are known."""
        affected = self.first.affected
        return self.first.message if affected is None else f"{self.first.message} {affected.sentence}"

    def to_dict(self) -> dict[str, Any]:
        """The change in JSON output."""
        first = self.first
        affected = {} if first.affected is None else {"affected": first.affected.to_dict()}
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
            **affected,
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
        occurrences: dict[tuple[str, str, str], dict[Occurrence, None]] = {}
        first: dict[tuple[str, str, str], DiffFinding] = {}
        for finding in findings:
            key = (finding.rule, finding.pointer, finding.message)
            first.setdefault(key, finding)
            operations.setdefault(key, {})[finding.operation] = None
            occurrences.setdefault(key, {}).update(dict.fromkeys(finding.occurrences))
        merged = [
            replace(first[key], operations=tuple(names), occurrences=tuple(occurrences[key]), place=place(key[1]))
            for key, names in operations.items()
        ]
        return cls(tuple(sorted(merged, key=lambda one: (one.severity.rank, one.pointer, one.rule, one.message))))

    def merged(self, other: "Report") -> "Report":
        """The findings of both reports, those of the other one last."""
        return Report((*self.findings, *other.findings))

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
