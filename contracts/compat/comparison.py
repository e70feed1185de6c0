"""The state that all comparators share: both documents, the engine and the list of findings."""

from dataclasses import dataclass, field, replace
from datetime import date

from contracts.compat.document import Document
from contracts.compat.engine import Engine
from contracts.compat.findings import DiffFinding
from contracts.compat.pair import SchemaPair
from contracts.compat.registry import registry


@dataclass(slots=True)
class Comparison:
    """One comparison of two documents. Comparators add their findings to it."""

    old: Document
    new: Document
    engine: Engine
    today: date
    findings: list[DiffFinding] = field(default_factory=list)

    def report(self, rule_id: str, pointer: str, operation: str = "", **details: object) -> None:
        """Add a finding."""
        rule = registry()[rule_id]
        self.findings.append(DiffFinding(rule.id, rule.severity, pointer, operation, rule.message(**details)))

    def compare_schemas(self, pair: SchemaPair, operation: str) -> None:
        """Add the findings about two schemas that an operation uses."""
        self.findings += [replace(finding, operation=operation) for finding in self.engine.findings(pair)]
