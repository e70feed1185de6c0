"""Every rule of the gate is matched with any evidence about the element that it changes."""

import copy
from typing import Any

import pytest

from contracts.compat import diff
from contracts.compat.findings import DiffFinding, Severity
from contracts.compat.impact.analysis import analyse
from contracts.compat.impact.evidence import ConsumerEvidence, OperationEvidence, Subscription, Summary, UsageEvidence
from contracts.compat.impact.verdict import Verdict
from contracts.compat.registry import registry
from tests.contracts.compat.recorded import pairs

Json = Any
KINDS = ("string", "integer", "number", "boolean", "array", "object")
EVENTS = ("thing", "a", "b")
CHANGED = {name: pair for name, pair in pairs().items() if not name.endswith(", harmless")}


def summary(*, present: int, observed: int = 50) -> Summary:
    counts = dict.fromkeys(KINDS, present)
    span = (0, 9999) if present else None
    return Summary(
        possible=observed,
        possible_random=observed,
        present=present,
        present_random=present,
        null=present,
        types=counts if present else {},
        number=span,
        length=span,
        items=span,
        members=span,
        unique_violations=present,
        values={'"b"': present} if present else {},
        other_values=present,
        unknown={"0" * 16: present} if present else {},
    )


def evidence(findings: list[DiffFinding], *, present: int) -> UsageEvidence:
    """A consumer that uses all that the findings are about, or calls the operations and uses nothing of it."""
    operations = sorted({one.operation.partition(" callback ")[0] for each in findings for one in each.occurrences})
    elements = {one.element: summary(present=present) for each in findings for one in each.occurrences if one.element}
    used = tuple(
        OperationEvidence("v901", name, 50, observed=50, random=50, elements={**elements, "body": summary(present=50)})
        for name in operations
        if name
    )
    events = tuple(Subscription("v901", event, channel) for event in EVENTS for channel in ("webhook", "stream"))
    return UsageEvidence("", "", (ConsumerEvidence(None, used, events), ConsumerEvidence("c", used)))


@pytest.mark.parametrize("name", CHANGED)
def test_no_rule_is_left_out(name: str) -> None:
    old, new = copy.deepcopy(CHANGED[name])
    report = diff(old, new, located=True)
    findings = [one for one in report if one.severity is not Severity.SAFE]
    for present in (0, 50):
        found = analyse(report, evidence(findings, present=present), "v901")
        matched = {one.rule for each in found.findings for one in each.cause.findings}
        assert matched >= {one.rule for one in findings}
        for each in found.findings:
            certain = registry()[each.cause.first.rule].decision.is_certain
            assert certain or not each.counts[Verdict.BREAKS], each.cause.first
            if present and each.cause.first.occurrences[0].operation:
                assert each.counts[Verdict.NOT_CALLED] < 2, each.cause.first
