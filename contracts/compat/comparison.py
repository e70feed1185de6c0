"""What the comparators share: both documents, the engine, and where findings go."""

from dataclasses import dataclass, field, replace
from datetime import date

from contracts.compat.document import Document
from contracts.compat.engine import Engine, Pair
from contracts.compat.findings import Finding
from contracts.compat.registry import registry


@dataclass(slots=True)
class Comparison:
    """The comparison of two documents."""

    old: Document
    new: Document
    engine: Engine
    today: date
    findings: list[Finding] = field(default_factory=list)

    def tell(self, rule_id: str, pointer: str, operation: str = "", **details: object) -> None:
        """Add a finding."""
        rule = registry()[rule_id]
        self.findings.append(Finding(rule.id, rule.severity, pointer, operation, rule.message(**details)))

    def schemas(self, pair: Pair, operation: str) -> None:
        """Add what differs between two schemas, as one operation shows it."""
        self.findings += [replace(finding, operation=operation) for finding in self.engine.found(pair)]
