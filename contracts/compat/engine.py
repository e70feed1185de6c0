"""Compares pairs of schemas, each pair once, however often and however recursively it is referred to."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from contracts.compat.catalogue.schemas import Place, rule_id
from contracts.compat.document import Document
from contracts.compat.findings import Finding, Severity
from contracts.compat.normalizer import Reader
from contracts.compat.registry import registry
from contracts.compat.normalized_schema import Node

_DEEPEST: Final = 25


@dataclass(frozen=True, slots=True)
class Pair:
    """What a schema was and is, at a place."""

    old: Node
    new: Node
    place: Place

    @property
    def key(self) -> tuple[Any, ...]:
        """The same for the same two schemas at the same place."""
        return (self.place, self.old.key, self.new.key)


@dataclass(slots=True)
class Entry:
    """What was found at a pair itself, and the pairs below it."""

    findings: list[Finding] = field(default_factory=list)
    below: list[Pair] = field(default_factory=list)


Compare = Callable[["Engine", Pair, Entry], None]


class Engine:
    """The graph of pairs of two documents."""

    def __init__(self, old: Document, new: Document, compare: Compare, today: date) -> None:
        self.today = today
        self._compare = compare
        self.old = Reader(old)
        self.new = Reader(new)
        self._entries: dict[tuple[Any, ...], Entry] = {}
        self._depth = 0

    def found(self, pair: Pair) -> list[Finding]:
        """Everything at this pair and below it, each finding once."""
        return [finding for entry in self._reach(pair) for finding in entry.findings]

    def breaks(self, pair: Pair) -> bool:
        """Whether something breaks at this pair or below it."""
        return any(finding.severity is Severity.BREAKING for entry in self._reach(pair) for finding in entry.findings)

    def same(self, pair: Pair) -> bool:
        """Whether nothing differs at this pair or below it."""
        return not any(entry.findings for entry in self._reach(pair))

    @property
    def deep(self) -> bool:
        """Whether unions are nested so deeply that their variants are matched by name only."""
        return self._depth > _DEEPEST

    def _reach(self, start: Pair) -> Iterator[Entry]:
        """The entries from here on. A pair within itself holds if the rest of it holds."""
        seen = {start.key}
        waiting = deque([start])
        while waiting:
            pair = waiting.popleft()
            entry = self._entry(pair)
            yield entry
            for child in entry.below:
                if (key := child.key) not in seen:
                    seen.add(key)
                    waiting.append(child)

    def _entry(self, pair: Pair) -> Entry:
        key = pair.key
        if key not in self._entries:
            entry = self._entries[key] = Entry()
            self._depth += 1
            try:
                self._compare(self, pair, entry)
            finally:
                self._depth -= 1
        return self._entries[key]


def tell(entry: Entry, pair: Pair, change: str, pointer: str, *, what: str | None = None, **details: object) -> None:
    """Add a finding about the pair, or about one of its fields."""
    rule = registry()[rule_id(pair.place, change)]
    label = what or pair.new.label or pair.old.label
    message = rule.message(what=f"`{label}`" if label != "the body" else "the body", **details)
    entry.findings.append(Finding(rule.id, rule.severity, pointer, "", message[:1].upper() + message[1:]))
