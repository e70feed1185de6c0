"""The impact as JSON, for clients of the API and scripts: each outcome once."""

from typing import Any

from app.impact.messages import message, subject
from app.impact.views import ConsumerImpact, ImpactView, Recipient
from contracts.compat.impact.analysis import Affected, FindingImpact
from contracts.compat.impact.verdict import Verdict


def report(view: ImpactView) -> dict[str, Any]:
    """The message to each user, the consumers, and the changes with what they do to each consumer."""
    evidence = view.impact.evidence
    return {
        "version": view.impact.version,
        "since": evidence.since,
        "until": evidence.until,
        "breaks": view.impact.breaks,
        "messages": [_message(view, one) for one in view.recipients],
        "consumers": [_consumer(one) for one in view.consumers],
        "findings": [_finding(view, one) for one in view.impact.findings],
    }


def _message(view: ImpactView, one: Recipient) -> dict[str, Any]:
    return {
        "email": one.email,
        "verdict": _name(one.verdict),
        "requests": one.requests,
        "consumer_ids": [consumer.contact.id for consumer in one.consumers],
        "subject": subject(view),
        "text": "\n".join(message(view, one)),
    }


def _consumer(one: ConsumerImpact) -> dict[str, Any]:
    return {
        "id": one.contact.id,
        "name": one.contact.name,
        "email": one.contact.email,
        "plan": one.contact.plan,
        "requests": one.requests,
        "last_seen": one.consumer.last_seen or None,
        "verdict": _name(one.verdict),
    }


def _finding(view: ImpactView, one: FindingImpact) -> dict[str, Any]:
    first = one.cause.first
    return {
        "rule": first.rule,
        "severity": first.severity.value,
        "pointer": first.pointer,
        "operations": one.cause.operations,
        "message": first.message,
        "decision": one.decision.value,
        "counts": {_name(verdict): count for verdict, count in one.counts.items()},
        "requests": one.requests,
        "consumers": [_outcome(view, each) for each in one.consumers],
    }


def _outcome(view: ImpactView, one: Affected) -> dict[str, Any]:
    outcome = one.outcome
    return {
        "consumer_id": view.contact(one.consumer).id,
        "verdict": _name(outcome.verdict),
        "reason": outcome.reason,
        "operation": outcome.operation,
        "element": outcome.element,
        "requests": outcome.requests,
        "last_seen": one.consumer.last_seen or None,
        "shown": outcome.shown,
        "bound": outcome.bound,
    }


def _name(verdict: Verdict) -> str:
    return verdict.value.replace(" ", "_")
