"""One rule of the compatibility check."""

from dataclasses import dataclass

from contracts.compat.decision import Decision
from contracts.compat.findings import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of change. `sentence` is written for API clients; its `{placeholders}` take values of the documents.

    `decision` is the evidence of usage that decides whom the change breaks.
    """

    id: str
    severity: Severity
    sentence: str
    area: str
    decision: Decision

    def message(self, **details: object) -> str:
        """The sentence about one change."""
        return self.sentence.format_map({name: str(value) for name, value in details.items()})
