"""The state that all comparators share: both documents, the engine and the list of findings."""

from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

from contracts.compat.decision import Decision
from contracts.compat.document import Document
from contracts.compat.engine import Engine
from contracts.compat.findings import CALLBACK, DiffFinding, Occurrence
from contracts.compat.members import declares, is_closed
from contracts.compat.pair import SchemaPair
from contracts.compat.registry import registry


@dataclass
class Comparison:
    """One comparison of two documents. Comparators add their findings to it.

    `located`: findings about schemas get their places in operations, which takes time. `old_names` has the names of
    operations in the old document by those in the new one, where they differ.
    """

    old: Document
    new: Document
    engine: Engine
    today: date
    located: bool = False
    findings: list[DiffFinding] = field(default_factory=list)
    old_names: dict[str, str] = field(default_factory=dict)

    @cached_property
    def rejects_undeclared_parameters(self) -> bool:
        """Whether the new document rejects what it does not declare."""
        return is_closed(self.new)

    def report(
        self,
        rule_id: str,
        pointer: str,
        operation: str = "",
        *,
        element: str = "",
        status: str = "",
        values: Any = (None, None),
        **details: object,
    ) -> None:
        """Add a finding. `element` and `status` are those of its `Occurrence`, `values` its `old` and `new`."""
        rule = registry()[rule_id]
        place = self._occurrence(operation, element, status)
        message = rule.message(status=status, **details)
        old, new = values
        found = DiffFinding(rule.id, rule.severity, pointer, operation, message, old=old, new=new, occurrences=(place,))
        self.findings.append(found)

    def compare_schemas(self, pair: SchemaPair, operation: str, element: str, status: str = "") -> None:
        """Add the findings about two schemas that an operation uses as an element."""
        root = self._occurrence(operation, element, status)
        findings = self.engine.findings(pair)
        places = self.engine.occurrences(pair, root) if self.located and findings else {}
        unlocated = [replace(root, element="")]
        for finding in findings:
            found = places.get((finding.rule, finding.pointer), unlocated)
            if registry()[finding.rule].decision is Decision.READ and self.located:
                found = [self._with_variants(one, pair, element) for one in found]
            self.findings.append(replace(finding, operation=operation, occurrences=tuple(found)))

    def _with_variants(self, occurrence: Occurrence, pair: SchemaPair, root: str) -> Occurrence:
        """A member of a variant is certainly removed if no other variant has it."""
        path = occurrence.element.removeprefix(root).removeprefix(":")
        if occurrence.certain or not path:
            return occurrence
        declared = declares(self.new, [part.node for part in pair.new.parts], path)
        return replace(occurrence, certain=not declared)

    def _occurrence(self, operation: str, element: str, status: str) -> Occurrence:
        name, separator, callback = operation.partition(CALLBACK)
        return Occurrence(f"{self.old_names.get(name, name)}{separator}{callback}", element, status)
