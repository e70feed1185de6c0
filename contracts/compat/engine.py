"""Compares pairs of schemas. Each pair is compared once, however often or recursively it is referenced."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from contracts.compat.document import Document, Node
from contracts.compat.elements import occurrences_below
from contracts.compat.findings import DiffFinding, Occurrence, Severity
from contracts.compat.fingerprints import SameSchemas
from contracts.compat.judge import Judge
from contracts.compat.normalized_schema import NO_DEFAULT, Schema
from contracts.compat.normalizer import SchemaNormalizer
from contracts.compat.pair import PairResult, SchemaPair
from contracts.compat.reachability import Reachability

_MAX_DEPTH: Final = 25
_MAX_STEPS: Final = 200_000
_MAX_WORK: Final = 30_000

Compare = Callable[["Engine", PairResult], None]


class Engine:
    """The graph of schema pairs of two documents. `compare` fills the result of one pair."""

    def __init__(self, old: Document, new: Document, compare: Compare, today: date) -> None:
        self.today = today
        self._document = old
        self._compare = compare
        self.old = SchemaNormalizer(old)
        self.new = SchemaNormalizer(new)
        self._same = SameSchemas(old, new)
        self._results: dict[tuple[Any, ...], PairResult] = {}
        self._reachability = Reachability(self.result, Judge(old, new))
        self._depth = 0
        self._steps = 0

    def findings(self, pair: SchemaPair) -> list[DiffFinding]:
        """All findings at this pair and below it, each once."""
        return self._reachability.findings(pair)

    def occurrences(self, pair: SchemaPair, root: Occurrence) -> Mapping[tuple[str, str], list[Occurrence]]:
        """The places of the findings at this pair and below it, by rule and pointer. `root` is that of the pair."""
        return occurrences_below(pair, root, self.result, self.findings, self._document)

    def breaks(self, pair: SchemaPair) -> bool:
        """Whether a change at this pair or below it is breaking, by the comparison of keywords."""
        return any(finding.severity is Severity.BREAKING for result in self._walk(pair) for finding in result.findings)

    def equal(self, pair: SchemaPair) -> bool:
        """Whether there is no finding at this pair or below it."""
        return not any(result.findings for result in self._walk(pair))

    def has_default(self, old: Schema, new: Schema) -> bool:
        """Whether any of the schemas has a default."""
        normalized = self.old.normalize(old), self.new.normalize(new)
        return any(one.default is not NO_DEFAULT for one in normalized)

    @property
    def too_deep(self) -> bool:
        """Whether the variants of unions are matched by name only: unions are nested too deeply, or too many."""
        work = self.old.work + self.new.work
        return self._depth > _MAX_DEPTH or self._steps > _MAX_STEPS or work > _MAX_WORK

    def _walk(self, start: SchemaPair) -> Iterator[PairResult]:
        """Yield the results from `start` on. A recursive pair is compatible if the rest of the pairs are."""
        seen = {start.key}
        queue = deque([start])
        while queue:
            result = self.result(queue.popleft())
            self._steps += 1
            yield result
            for child in (*result.children, *result.variants):
                if (key := child.key) not in seen:
                    seen.add(key)
                    queue.append(child)

    def result(self, pair: SchemaPair) -> PairResult:
        """The result of one pair."""
        key = pair.key
        if key not in self._results:
            result = self._results[key] = PairResult(pair)
            if self.is_same(pair.old, pair.new):
                return result
            self._depth += 1
            try:
                self._compare(self, result)
            finally:
                self._depth -= 1
        return self._results[key]

    def same_text(self, old: Node, new: Node) -> bool:
        """Whether parts of both documents have the same text, including all that they refer to."""
        return self._same.same(old, new)

    def is_same(self, old: Schema, new: Schema) -> bool:
        """Whether both schemas have the same text, including all that they refer to."""
        if len(old.parts) != len(new.parts) or old.types != new.types:
            return False
        for one, other in zip(old.parts, new.parts, strict=True):
            if one.without_union != other.without_union or not self._same.same(one.node, other.node):
                return False
        return True
