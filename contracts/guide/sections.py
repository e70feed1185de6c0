"""Which usage touches which section of a guide, as an index that the server reads beside the guide.

A section has findings, and each finding an operation and an element of the old contract, as usage evidence names them.
The decision of the rule says which use of the element the finding is about.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.compat import DiffFinding
from contracts.compat.decision import Decision
from contracts.compat.findings import CALLBACK, Occurrence
from contracts.compat.registry import registry
from contracts.guide.coverage import Coverage
from contracts.guide.fragments import Fragment
from contracts.guide.pairing import Json, Pairing, operations
from contracts.guide.responses import old_schema, responses_with_schemas

_NOBODY: Final = frozenset({Decision.NOBODY, Decision.NAME_TAKEN, Decision.ANONYMOUS})
"""No user has to change anything: `ANONYMOUS` is about callers without credentials."""
_CALLERS: Final = frozenset({Decision.CALLERS, Decision.CALLERS_WARNED, Decision.NAME_REQUIRED, Decision.SCOPE})
_OMITTED: Final = frozenset({Decision.OMITTED, Decision.OMITTED_MEANING})
_SUBSCRIBED: Final = frozenset({Decision.SUBSCRIBED, Decision.SUBSCRIBED_PERHAPS})
_READ: Final = frozenset({Decision.READ, Decision.READ_PERHAPS})
_EVENT: Final = "event:"
_BODY: Final = "reads"
_OF_OPERATIONS: Final = ("/paths/", "/components/", "/webhooks/")
"""Findings with other pointers are about the document as a whole, such as its server."""
_LINKS: Final = "response-link-"
"""Rules about links between operations, which the document has and responses do not."""
_ANY_STATUS: Final = frozenset({"", "DEFAULT"})


@dataclass(slots=True)
class _Uses:
    """The uses of one operation that a section is about. ``called``: every request."""

    called: bool = False
    sent: set[str] = field(default_factory=set)
    omitted: set[str] = field(default_factory=set)
    undeclared: set[str] = field(default_factory=set)
    """Elements around members or parameters that the contract does not declare."""
    received: set[str] = field(default_factory=set)
    """Statuses."""
    read: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Elements of the response by status."""

    def add(self, decision: Decision, occurrence: Occurrence) -> None:
        """Add what a finding is about."""
        element, status = occurrence.element, occurrence.status
        if decision in _READ and status not in _ANY_STATUS:
            self.read[status].add(element)
        elif status and status not in _ANY_STATUS:
            self.received.add(status)
        elif decision in _CALLERS or not element:
            self.called = True
        elif decision in _OMITTED:
            self.omitted.add(element)
        elif decision is Decision.NAMES_UNKNOWN:
            self.undeclared.add(element)
        else:
            self.sent.add(element)

    def to_json(self, name: str) -> dict[str, Any]:
        """The uses in the index. What every caller does needs no evidence; ``sent`` shows details."""
        found: dict[str, Any] = {"name": name}
        if self.called:
            return found | {"called": True, **_listed(sent=self.sent)}
        found |= _listed(sent=self.sent, omitted=self.omitted, undeclared=self.undeclared, received=self.received)
        left = {status: sorted(self.read[status]) for status in sorted(self.read) if status not in self.received}
        return found | ({"read": left} if left else {})


class _Index:
    """Builds the sections of one guide."""

    def __init__(self, old: Json, pairing: Pairing) -> None:
        self._old = old
        self._pairing = pairing
        self._names = {name: operation["operationId"] for name, operation in operations(old).items()}
        self._returning = responses_with_schemas(old)

    def section(self, fragment: Fragment, findings: list[DiffFinding]) -> dict[str, Any]:
        """The section of a fragment, which explains these findings."""
        uses: dict[str, _Uses] = defaultdict(_Uses)
        events: set[str] = set()
        for finding in findings:
            decision = registry()[finding.rule].decision
            unseen = decision in _NOBODY or finding.rule.startswith(_LINKS)
            for occurrence in () if unseen else self._occurrences(finding, decision):
                if decision in _SUBSCRIBED and occurrence.element.startswith(_EVENT):
                    events.add(occurrence.element.removeprefix(_EVENT).partition("/")[0])
                else:
                    uses[occurrence.operation.partition(CALLBACK)[0]].add(decision, occurrence)
        return {
            "anchor": fragment.anchor,
            "title": fragment.title,
            "before": fragment.before,
            "after": fragment.after,
            "text": fragment.prose,
            "operations": {uid: uses[name].to_json(name) for name, uid in self._names.items() if name in uses},
            "events": sorted(events),
        }

    def _occurrences(self, finding: DiffFinding, decision: Decision) -> Iterator[Occurrence]:
        if not finding.pointer.startswith(_OF_OPERATIONS):
            yield from (Occurrence(name) for name in self._names)
            return
        yield from finding.occurrences
        located = {one.operation for one in finding.occurrences}
        schema = old_schema(finding, self._pairing, self._old) if decision in _READ else None
        for name, status in self._returning.get(schema or "", ()):
            if name not in located:
                yield Occurrence(name, _BODY, status)


def format_index(fragments: list[Fragment], coverage: Coverage, old: Json, pairing: Pairing) -> str:
    """The index of a guide in JSON. ``coverage`` is that of a located comparison."""
    index = _Index(old, pairing)
    sections = [
        index.section(one, [finding for pattern in one.covers for finding in coverage.found[(one.name, pattern)]])
        for one in fragments
    ]
    return json.dumps({"sections": sections}, indent=1, ensure_ascii=False) + "\n"


def _listed(**elements: set[str]) -> dict[str, list[str]]:
    return {name: sorted(found) for name, found in elements.items() if found}
