"""Compares pairs of schemas. Each pair is compared once, however often or recursively it is referenced."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from contracts.compat.catalogue.schemas import Context, rule_id
from contracts.compat.document import Document
from contracts.compat.findings import DiffFinding, Severity
from contracts.compat.normalized_schema import Schema
from contracts.compat.normalizer import SchemaNormalizer
from contracts.compat.registry import registry

_MAX_DEPTH: Final = 25


@dataclass(frozen=True, slots=True)
class SchemaPair:
    """The old and the new version of a schema, in one context."""

    old: Schema
    new: Schema
    context: Context

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for pairs of the same two schemas in the same context."""
        return (self.context, self.old.key, self.new.key)


@dataclass(slots=True)
class PairResult:
    """The findings about one pair, without those of the pairs below it, which are `children`."""

    pair: SchemaPair
    findings: list[DiffFinding] = field(default_factory=list)
    children: list[SchemaPair] = field(default_factory=list)

    def add_child(self, old: Schema, new: Schema) -> None:
        """Add a pair of schemas below this pair, in the same context."""
        self.children.append(SchemaPair(old, new, self.pair.context))

    def report(self, change: str, pointer: str, *, what: str | None = None, **details: object) -> None:
        """Add a finding about the pair, or about its field `what`."""
        rule = registry()[rule_id(self.pair.context, change)]
        label = what or self.pair.new.label or self.pair.old.label
        message = rule.message(what=f"`{label}`" if label != "the body" else "the body", **details)
        self.findings.append(DiffFinding(rule.id, rule.severity, pointer, "", message[:1].upper() + message[1:]))


Compare = Callable[["Engine", PairResult], None]


class Engine:
    """The graph of schema pairs of two documents. `compare` fills the result of one pair."""

    def __init__(self, old: Document, new: Document, compare: Compare, today: date) -> None:
        self.today = today
        self._compare = compare
        self.old = SchemaNormalizer(old)
        self.new = SchemaNormalizer(new)
        self._results: dict[tuple[Any, ...], PairResult] = {}
        self._depth = 0

    def findings(self, pair: SchemaPair) -> list[DiffFinding]:
        """All findings at this pair and below it, each once."""
        return [finding for result in self._walk(pair) for finding in result.findings]

    def breaks(self, pair: SchemaPair) -> bool:
        """Whether a change at this pair or below it is breaking."""
        return any(finding.severity is Severity.BREAKING for result in self._walk(pair) for finding in result.findings)

    def equal(self, pair: SchemaPair) -> bool:
        """Whether there is no finding at this pair or below it."""
        return not any(result.findings for result in self._walk(pair))

    @property
    def too_deep(self) -> bool:
        """Whether unions are nested so deeply that their variants are matched by name only."""
        return self._depth > _MAX_DEPTH

    def _walk(self, start: SchemaPair) -> Iterator[PairResult]:
        """Yield the results from `start` on. A recursive pair is compatible if the rest of the pairs are."""
        seen = {start.key}
        queue = deque([start])
        while queue:
            pair = queue.popleft()
            result = self._result(pair)
            yield result
            for child in result.children:
                if (key := child.key) not in seen:
                    seen.add(key)
                    queue.append(child)

    def _result(self, pair: SchemaPair) -> PairResult:
        key = pair.key
        if key not in self._results:
            result = self._results[key] = PairResult(pair)
            self._depth += 1
            try:
                self._compare(self, result)
            finally:
                self._depth -= 1
        return self._results[key]
