"""Matches the findings of a comparison with the evidence of usage: who would break, and what shows it."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from contracts.compat.decision import Decision
from contracts.compat.findings import CALLBACK, Cause, DiffFinding, Occurrence, Report, Severity
from contracts.compat.impact.case import Case
from contracts.compat.impact.decide import decide
from contracts.compat.impact.evidence import CHANNELS, ConsumerEvidence, OperationEvidence, UsageEvidence
from contracts.compat.impact.verdict import Outcome, Verdict, combine
from contracts.compat.registry import registry

_VARIABLE: Final = re.compile(r"\{[^{}]*\}")
_EVENT: Final = "event"
Progress = Callable[[int, int], None]
"""Called with the number of findings that are matched, and of all."""
_Calls = Mapping[str, list[tuple[ConsumerEvidence, OperationEvidence]]]


@dataclass(frozen=True, slots=True)
class Affected:
    """One consumer and what a finding does to it."""

    consumer: ConsumerEvidence
    outcome: Outcome


@dataclass(frozen=True)
class FindingImpact:
    """One change, with the consumers that use what it changes, the most affected first."""

    cause: Cause
    decision: Decision
    consumers: tuple[Affected, ...]
    total: int

    def having(self, verdict: Verdict) -> list[Affected]:
        """The consumers with a verdict."""
        return [one for one in self.consumers if one.outcome.verdict is verdict]

    @cached_property
    def counts(self) -> dict[Verdict, int]:
        """The number of consumers by verdict, also of those that do not call."""
        found = {verdict: len(self.having(verdict)) for verdict in Verdict}
        found[Verdict.NOT_CALLED] = self.total - len(self.consumers)
        return found

    @property
    def requests(self) -> int:
        """The requests of the consumers that break or may break, to the operations that the change reaches."""
        return sum(one.outcome.requests for one in self.consumers if one.outcome.verdict.rank <= Verdict.MAY_BREAK.rank)


@dataclass(frozen=True)
class Impact:
    """The effect of a change on the consumers of one version."""

    version: str
    evidence: UsageEvidence
    findings: tuple[FindingImpact, ...]

    @property
    def breaks(self) -> bool:
        """Whether any consumer breaks."""
        return any(one.counts[Verdict.BREAKS] for one in self.findings)

    @cached_property
    def consumers(self) -> list[tuple[ConsumerEvidence, Verdict, list[tuple[FindingImpact, Outcome]]]]:
        """Each consumer of the version with the worst verdict and its findings, the most affected first."""
        found: dict[str | None, list[tuple[FindingImpact, Outcome]]] = defaultdict(list)
        for finding in self.findings:
            for one in finding.consumers:
                found[one.consumer.consumer].append((finding, one.outcome))
        rows = []
        for consumer in users_of(self.evidence, self.version):
            mine = sorted(found[consumer.consumer], key=lambda pair: pair[1].verdict.rank)
            worst = mine[0][1].verdict if mine else Verdict.NOT_CALLED
            rows.append((consumer, worst, mine))
        return sorted(rows, key=lambda row: (row[1].rank, -requests_of(row[0], self.version), row[0].consumer or ""))


def analyse(report: Report, evidence: UsageEvidence, version: str, progress: Progress | None = None) -> Impact:
    """Match the findings about a version, which must be located. Findings that affect nobody are left out if safe."""
    consumers = users_of(evidence, version)
    calls: dict[str, list[tuple[ConsumerEvidence, OperationEvidence]]] = defaultdict(list)
    for consumer in consumers:
        for operation in consumer.operations:
            if operation.version == version and operation.requests:
                calls[_template(operation.operation)].append((consumer, operation))
    causes = [cause for cause in report.causes if _is_decided(cause.first)]
    found = []
    for index, cause in enumerate(causes):
        if progress is not None:
            progress(index, len(causes))
        one = _match(cause, calls, consumers, evidence, version)
        if cause.first.severity is not Severity.SAFE or one.counts[Verdict.MAY_BREAK]:
            found.append(one)
    return Impact(version, evidence, tuple(found))


def users_of(evidence: UsageEvidence, version: str) -> list[ConsumerEvidence]:
    """The consumers that call a version or receive its events."""
    return [one for one in evidence.consumers if version in one.versions]


def requests_of(consumer: ConsumerEvidence, version: str) -> int:
    """The requests of a consumer to a version."""
    return sum(one.requests for one in consumer.operations if one.version == version)


def _is_decided(finding: DiffFinding) -> bool:
    decision = registry()[finding.rule].decision
    return finding.severity is not Severity.SAFE or decision is Decision.NAME_TAKEN


def _match(
    cause: Cause, calls: _Calls, consumers: list[ConsumerEvidence], evidence: UsageEvidence, version: str
) -> FindingImpact:
    decision = registry()[cause.first.rule].decision
    outcomes: dict[str | None, list[Outcome]] = defaultdict(list)
    requests: dict[str | None, dict[str, int]] = defaultdict(dict)
    by_name = {one.consumer: one for one in consumers}
    for finding in cause.findings:
        for occurrence in finding.occurrences:
            for consumer, operation in _callers(occurrence, calls):
                anonymous = consumer.consumer is None
                case = Case(finding, decision, occurrence, operation, evidence.hash_of, anonymous)
                outcomes[consumer.consumer].append(decide(case))
                requests[consumer.consumer][operation.operation] = operation.requests
            for consumer, outcome in _subscribers(occurrence, decision, consumers, version):
                outcomes[consumer.consumer].append(outcome)
    affected = [
        Affected(by_name[name], combine(found).with_requests(sum(requests[name].values())))
        for name, found in outcomes.items()
    ]
    affected.sort(key=lambda one: (one.outcome.verdict.rank, -one.outcome.requests, one.consumer.consumer or ""))
    return FindingImpact(cause, decision, tuple(affected), len(consumers))


def _callers(occurrence: Occurrence, calls: _Calls) -> Iterator[tuple[ConsumerEvidence, OperationEvidence]]:
    if occurrence.element.startswith(_EVENT):
        return
    name = occurrence.operation.partition(CALLBACK)[0]
    if name:
        yield from calls.get(_template(name), ())
    else:
        # A change of the whole document, as of a security scheme.
        for found in calls.values():
            yield from found


def _subscribers(
    occurrence: Occurrence, decision: Decision, consumers: list[ConsumerEvidence], version: str
) -> Iterator[tuple[ConsumerEvidence, Outcome]]:
    element, is_payload, _ = occurrence.element.partition("/")
    if not element.startswith(_EVENT):
        return
    channel = "webhook" if occurrence.operation.startswith("webhook ") else "stream"
    event = element.partition(":")[2]
    # Both documents describe the payload of an event, which webhooks and streams share.
    channels = CHANNELS if is_payload else (channel,)
    verdict = Verdict.BREAKS if decision is Decision.SUBSCRIBED else Verdict.MAY_BREAK
    for consumer in consumers:
        for one in consumer.subscriptions:
            if one.version == version and one.channel in channels and event in {"", one.event}:
                reason = f"receives {one.event} by {one.channel}"
                yield consumer, Outcome(verdict, reason, occurrence.operation, occurrence.element)
                break


def _template(operation: str) -> str:
    """The method and path without the names of path parameters, which are not sent."""
    return _VARIABLE.sub("{}", operation)


def version_of(document: Mapping[str, Any], evidence: UsageEvidence) -> str | None:
    """The version that a document describes: by the URL of its server, or since there is only one."""
    versions = evidence.versions
    servers = document.get("servers")
    listed = servers if isinstance(servers, list) else list(servers.values()) if isinstance(servers, dict) else []
    for server in listed:
        where = server.get("url", server.get("pathname", "")) if isinstance(server, dict) else ""
        name = str(where).rstrip("/").rpartition("/")[2]
        if name in versions:
            return name
    return next(iter(versions)) if len(versions) == 1 else None
