"""Decides whether a consumer already sent an element that is new to the contract."""

from typing import Final

from contracts.compat.decision import Decision
from contracts.compat.impact.case import Case
from contracts.compat.impact.lookup import Located, locate, name_of, parent_of
from contracts.compat.impact.verdict import Outcome

_STANDARD_HEADERS: Final = frozenset(
    {
        "accept", "accept-charset", "accept-encoding", "accept-language", "authorization", "cache-control",
        "connection", "content-length", "content-type", "cookie", "date", "dnt", "forwarded", "from", "host",
        "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "origin", "pragma",
        "range", "referer", "te", "traceparent", "tracestate", "user-agent", "via", "x-forwarded-for", "x-request-id",
    }
)  # fmt: skip
"""Headers that clients and proxies send although the contract does not declare them."""


def by_name(case: Case) -> Outcome:
    """The outcome for a member or parameter that the old contract does not declare."""
    element = case.occurrence.element
    location = element.partition(":")[0]
    if location in {"header", "cookie"}:
        return _by_header(case, location)
    is_member = "/" in element
    around = locate(case.evidence, parent_of(element) if is_member else location)
    objects = around.summary.types.get("object", 0) if is_member else around.present
    if objects:
        return _by_names_sent(case, around, objects)
    if around.known:
        return case.safe("never sent the object of this member", around.random)
    return case.may_break("calls the operation; the evidence does not cover this element")


def _by_header(case: Case, location: str) -> Outcome:
    is_usual = location == "cookie" or name_of(case.occurrence.element).lower() in _STANDARD_HEADERS
    if case.decision is Decision.NAME_TAKEN or is_usual:
        return case.may_break("calls the operation; undeclared headers are not observed")
    return case.breaks("does not send it, since it is new", case.evidence.observed)


def _by_names_sent(case: Case, around: Located, objects: int) -> Outcome:
    """The outcome from the hashes of undeclared names. Without their key, any of them may be the new name."""
    unknown, dropped = around.summary.unknown, around.summary.unknown_dropped
    hashed = case.hash_name(name_of(case.occurrence.element))
    named = sum(unknown.values()) if hashed is None else unknown.get(hashed, 0)
    most = min(objects, named + dropped)
    if case.decision is Decision.NAME_TAKEN:
        if most:
            return case.may_break("sent undeclared names, of which this may be one")
        return case.safe("sent no undeclared element of this name", around.random)
    if most < objects:
        return case.breaks(f"does not send it in {objects - most:,} of {objects:,}, since it is new", objects - most)
    return case.may_break("sent undeclared names, of which this may be one")
