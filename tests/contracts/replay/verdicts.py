"""The verdicts of the analysis about changed builds, and where they differ from the replay."""

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from contracts.compat import diff
from contracts.compat.impact.analysis import analyse
from contracts.compat.impact.evidence import UsageEvidence
from contracts.compat.impact.verdict import Outcome, Verdict
from tests.contracts.replay.builds import Build
from tests.contracts.replay.recording import Recorded

Json = Any
ANONYMOUS = ""
FOLDER = Path(__file__).parents[3] / "contracts"
PATHS = ("/posts", "/posts/batch", "/posts/{post_id}")
NOT_AFFECTED = {Verdict.SAFE, Verdict.NOT_CALLED}


@cache
def document(version: str) -> Json:
    """The part of a contract that the replay uses. Builds edit copies of it."""
    found = json.loads((FOLDER / f"{version}.openapi.json").read_bytes())
    return {**found, "webhooks": {}, "paths": {path: found["paths"][path] for path in PATHS}}


class Comparison:
    """Compares the old document with that of each build, once."""

    def __init__(self) -> None:
        self._reports: dict[str, Any] = {}

    def outcomes(self, build: Build, evidence: UsageEvidence) -> Mapping[str, Outcome]:
        """The worst outcome for each consumer that calls the operation."""
        found = analyse(self._report(build), about(evidence, build), build.version)
        return {
            one.consumer or ANONYMOUS: findings[0][1] if findings else Outcome(Verdict.NOT_CALLED, "")
            for one, _, findings in found.consumers
        }

    def _report(self, build: Build) -> Any:
        if build.name not in self._reports:
            old = document(build.version)
            new = deepcopy(old)
            build.edit(new)
            self._reports[build.name] = diff(old, new, located=True)
        return self._reports[build.name]


def about(evidence: UsageEvidence, build: Build) -> UsageEvidence:
    """The evidence about the operation whose behaviour the build changes."""
    name = build.operation_name
    consumers = (
        replace(one, subscriptions=(), operations=tuple(used for used in one.operations if used.operation == name))
        for one in evidence.consumers
    )
    return replace(evidence, consumers=tuple(one for one in consumers if one.operations))


def differences(build: Build, found: Mapping[str, Outcome], requests: Sequence[Recorded]) -> Mapping[str, str]:
    """The consumers whose verdict is not that of the replay, with the reason."""
    broken = {one.consumer for one in requests if build.breaks(one)}
    breaks = {name for name, outcome in found.items() if outcome.verdict is Verdict.BREAKS}
    safe = {name for name, outcome in found.items() if outcome.verdict in NOT_AFFECTED}
    wrong = dict.fromkeys(breaks - broken, "breaks, but no replay does")
    wrong |= dict.fromkeys(broken - (found.keys() - safe), "is safe, but a replay breaks")
    if build.exact:
        wrong |= dict.fromkeys(broken - breaks - safe, "may break, but evidence decides it")
    return wrong
