"""Decides what one finding does to one consumer, from the evidence about one of its operations."""

from collections.abc import Callable, Mapping
from typing import Final

from contracts.compat.decision import Decision
from contracts.compat.impact.case import Case
from contracts.compat.impact.lookup import locate
from contracts.compat.impact.measures import ANSWERS
from contracts.compat.impact.names import by_name
from contracts.compat.impact.responses import by_response
from contracts.compat.impact.verdict import Outcome, Verdict

_NOT_COVERED: Final = "calls the operation; the evidence does not cover this element"


def decide(case: Case) -> Outcome:
    """The outcome of a case."""
    evidence = case.evidence
    if evidence.is_complete and evidence.requests and not evidence.observed:
        return case.certainly_safe("has no accepted request")
    if case.decision in _WITHOUT_ELEMENT:
        return _WITHOUT_ELEMENT[case.decision](case)
    if not evidence.observed:
        return case.may_break("calls the operation; no request was observed")
    if case.decision in _BY_ELEMENT:
        return _BY_ELEMENT[case.decision](case) if case.occurrence.element else case.may_break(_NOT_COVERED)
    return _by_values(case)


def _by_values(case: Case) -> Outcome:
    located = case.located
    if not located.known:
        return case.may_break(_NOT_COVERED)
    if not located.present:
        return case.safe("never sent it", located.random)
    answer = ANSWERS[case.decision](case)
    if answer.verdict is Verdict.BREAKS:
        return case.breaks(answer.reason, answer.shown)
    if answer.verdict is Verdict.SAFE:
        return case.safe(answer.reason, located.random)
    return case.may_break(answer.reason, answer.shown)


def _by_call(case: Case) -> Outcome:
    return case.breaks("calls the operation", case.evidence.requests)


def _by_call_warned(case: Case) -> Outcome:
    return case.may_break("calls the operation", case.evidence.requests)


def _by_credentials(case: Case) -> Outcome:
    if case.is_anonymous:
        return case.breaks("sends no credentials", case.evidence.observed or case.evidence.requests)
    return case.certainly_safe("sends credentials")


def _by_presence(case: Case) -> Outcome:
    located = case.located
    if not located.known:
        return case.may_break(_NOT_COVERED)
    if not located.present:
        return case.safe("never sent it", located.random)
    rejected = case.decision is Decision.SCHEME or (case.decision is Decision.SENT and case.finding.new)
    return (case.breaks if rejected else case.may_break)("sent it", located.present)


def _by_omission(case: Case) -> Outcome:
    located = case.located
    if not located.known:
        return case.may_break(_NOT_COVERED)
    if not located.absent:
        return case.safe("always sent it", located.random)
    reason = f"omitted it {located.absent:,} of {located.possible:,} times"
    return (case.breaks if case.decision is Decision.OMITTED else case.may_break)(reason, located.absent)


def _by_scope(case: Case) -> Outcome:
    located = case.located
    if not located.absent:
        return case.safe("has the scope", located.random)
    if case.is_anonymous or any(name.startswith("scope:") for name in case.evidence.elements):
        return case.breaks("lacked the scope", located.absent)
    return case.may_break("uses credentials whose scopes are not known")


def _by_media_type(case: Case) -> Outcome:
    located = case.located
    if case.occurrence.element.startswith("media:"):
        if located.present:
            return case.breaks("sent it", located.present)
        return case.safe("never sent it", located.random)
    stated = sum(one.present for name, one in case.evidence.elements.items() if name.startswith("accept:"))
    if located.present:
        # With one type in each request, no other one is acceptable.
        certain = stated <= case.evidence.observed
        return (case.breaks if certain else case.may_break)("requested it", located.present)
    if stated < case.evidence.observed or locate(case.evidence, "accept:*/*").present:
        return case.may_break("accepts any type, and may get this one")
    return case.safe("never requested it", located.random)


_WITHOUT_ELEMENT: Final[Mapping[Decision, Callable[[Case], Outcome]]] = {
    Decision.CALLERS: _by_call,
    Decision.CALLERS_WARNED: _by_call_warned,
    # Callers of an operation that sends a callback.
    Decision.SUBSCRIBED: _by_call_warned,
    Decision.SUBSCRIBED_PERHAPS: _by_call_warned,
    Decision.ANONYMOUS: _by_credentials,
    Decision.READ: by_response,
    Decision.READ_PERHAPS: by_response,
    Decision.RECEIVED: by_response,
}
_BY_ELEMENT: Final[Mapping[Decision, Callable[[Case], Outcome]]] = {
    Decision.SENT: _by_presence,
    Decision.SENT_MEANING: _by_presence,
    Decision.SENT_OTHERWISE: _by_presence,
    Decision.SCHEME: _by_presence,
    Decision.OMITTED: _by_omission,
    Decision.OMITTED_MEANING: _by_omission,
    Decision.SCOPE: _by_scope,
    Decision.MEDIA_TYPE: _by_media_type,
    Decision.NAME_REQUIRED: by_name,
    Decision.NAME_TAKEN: by_name,
}
DECIDED: Final = frozenset({Decision.NOBODY, *_WITHOUT_ELEMENT, *_BY_ELEMENT, *ANSWERS})
"""The decisions that this module makes."""
