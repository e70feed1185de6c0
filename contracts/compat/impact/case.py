"""One finding and the evidence of one consumer about one operation."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from contracts.compat.decision import Decision
from contracts.compat.findings import DiffFinding, Occurrence
from contracts.compat.impact.evidence import OperationEvidence
from contracts.compat.impact.lookup import Located, locate
from contracts.compat.impact.verdict import Outcome, Verdict, bound_of

HashName = Callable[[str], str | None]


@dataclass(frozen=True)
class Case:
    """One finding at one place, and the evidence of one consumer about the operation there."""

    finding: DiffFinding
    decision: Decision
    occurrence: Occurrence
    evidence: OperationEvidence
    hash_name: HashName
    is_anonymous: bool

    @cached_property
    def located(self) -> Located:
        """The evidence about the element."""
        return locate(self.evidence, self.occurrence.element)

    def breaks(self, reason: str, shown: int | None = None) -> Outcome:
        """The consumer breaks, or may break if evidence does not tell which values of the element are affected."""
        certain = self.occurrence.certain or self.decision is Decision.CALLERS
        return self._outcome(Verdict.BREAKS if certain else Verdict.MAY_BREAK, reason, shown=shown)

    def may_break(self, reason: str, shown: int | None = None) -> Outcome:
        """The consumer may break."""
        return self._outcome(Verdict.MAY_BREAK, reason, shown=shown)

    def safe(self, reason: str, random: int) -> Outcome:
        """The consumer is safe, if the random sample is large enough to say so."""
        # A request may contain many items. They are no sample of requests.
        bound = bound_of(min(random, self.evidence.random), is_complete=self.evidence.is_complete)
        if bound < 1.0:
            return self._outcome(Verdict.SAFE, reason, bound=bound)
        return self.may_break(f"{reason} in what was observed, which is too little to tell")

    def certainly_safe(self, reason: str) -> Outcome:
        """The consumer is safe whatever was not observed."""
        return self._outcome(Verdict.SAFE, reason, bound=0.0)

    def _outcome(self, verdict: Verdict, reason: str, shown: int | None = None, bound: float | None = None) -> Outcome:
        evidence, element = self.evidence, self.occurrence.element
        return Outcome(verdict, reason, evidence.operation, element, evidence.requests, shown, bound)
