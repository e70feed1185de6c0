"""Compares the bounds that verdicts state with the shares of requests that really break."""

import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from math import sqrt

from contracts.compat.impact.evidence import UsageEvidence
from contracts.compat.impact.verdict import Outcome, Verdict
from tests.contracts.replay.builds import Build
from tests.contracts.replay.recording import Recorded

UNSURE = 0.05
"""A bound is stated at a confidence of 95 %."""
FEWEST_RANDOM = 4
_RULE_OF_THREE = 3


class Confidence:
    """Collects for each consumer and operation whether a bound was exceeded.

    The changes of one operation share the sample of a consumer, so a consumer and operation counts once.
    """

    def __init__(self) -> None:
        self.exceeded: set[tuple[str, str]] = set()
        self.beyond_all: set[tuple[str, str]] = set()
        """As `exceeded`, if the first requests of an hour supported absence too."""
        self.breaking: set[tuple[str, str]] = set()
        self.verdicts: Counter[Verdict] = Counter()
        self.problems: list[str] = []

    def add(
        self, build: Build, found: Mapping[str, Outcome], requests: Sequence[Recorded], evidence: UsageEvidence
    ) -> None:
        """Add the verdicts about a build. `requests` are all that were sent, whether observed or not."""
        affected: dict[str, list[bool]] = defaultdict(list)
        for one in requests:
            affected[one.consumer].append(build.breaks(one))
        self.add_shares(build, found, {name: sum(all_) / len(all_) for name, all_ in affected.items()}, evidence)

    def add_shares(
        self, build: Build, found: Mapping[str, Outcome], shares: Mapping[str, float], evidence: UsageEvidence
    ) -> None:
        """Add the verdicts about a build. `shares` are those of the requests that break."""
        used = {
            one.consumer or "": operation
            for one in evidence.consumers
            for operation in one.operations
            if operation.operation == build.operation_name and operation.version == build.version
        }
        for name, share in shares.items():
            outcome, unit = found[name], (name, build.operation_name)
            if outcome.verdict is Verdict.BREAKS and not share:
                self.problems.append(f"{build.name}: {name} breaks, but no request does")
            if outcome.verdict is Verdict.SAFE and outcome.bound is not None:
                operation = used[name]
                # A bound of 0 needs no sample: all requests were observed, or who has credentials sends them.
                if outcome.bound and operation.random < FEWEST_RANDOM:
                    self.problems.append(f"{build.name}: {name} is safe by its first requests alone")
                if share > outcome.bound:
                    self.exceeded.add(unit)
                if outcome.bound and share > _RULE_OF_THREE / operation.observed:
                    self.beyond_all.add(unit)
            if share:
                self.breaking.add(unit)
                self.verdicts[outcome.verdict] += 1

    def ensure_holds(self, title: str) -> None:
        """Fail unless bounds are exceeded as rarely as they say, with three standard deviations for chance."""
        recall = self.verdicts[Verdict.BREAKS] / max(1, self.verdicts.total())
        sys.stdout.write(
            f"{title}: recall {recall:.1%}, {self.verdicts[Verdict.SAFE]} of {self.verdicts.total()} breaking pairs"
            f" are safe; bounds of {len(self.exceeded)} of {len(self.breaking)} consumers and operations are exceeded\n"
        )
        assert not self.problems, "\n".join([title, *self.problems[:10]])
        assert self.verdicts[Verdict.SAFE], "some rare use is not observed, or the bounds are not tested"
        assert len(self.exceeded) <= self.most, title

    @property
    def most(self) -> float:
        """How many consumers and operations may exceed their bound."""
        expected = UNSURE * len(self.breaking)
        return expected + 3 * sqrt(expected)
