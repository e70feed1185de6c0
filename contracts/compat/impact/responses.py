"""Decides what a change of a response does to a consumer, from what it received and declared to read."""

from contracts.compat.decision import Decision
from contracts.compat.impact.case import Case
from contracts.compat.impact.evidence import OperationEvidence
from contracts.compat.impact.lookup import locate
from contracts.compat.impact.verdict import Outcome


def by_response(case: Case) -> Outcome:
    """The outcome for a consumer that calls the operation."""
    evidence, status = case.evidence, case.occurrence.status
    received = _received(status, evidence)
    if received == 0:
        return case.safe(f"never received {status}", evidence.random)
    if case.decision is Decision.RECEIVED or not status.startswith("2"):
        return case.may_break("received the response", received)
    return _by_reading(case, received)


def _by_reading(case: Case, received: int | None) -> Outcome:
    readers, readers_of_all = _readers(case.occurrence.element, case.evidence)
    if readers:
        return (case.breaks if case.decision is Decision.READ else case.may_break)("declares to read it", readers)
    if readers_of_all:
        return case.may_break("declares to read the object that has it", readers_of_all)
    declared = locate(case.evidence, "reads")
    if declared.known and declared.present >= case.evidence.observed:
        return case.safe("declares to read other members only", case.evidence.random)
    return case.may_break("reads the response, and does not declare which members", received)


def _received(status: str, evidence: OperationEvidence) -> int | None:
    """How many responses of a status were observed. None if it is not known, as for all that are not listed."""
    statuses = evidence.statuses
    if not statuses or status in {"", "DEFAULT"}:
        return None
    if status.endswith("XX"):
        return sum(count for name, count in statuses.items() if name[:1] == status[:1])
    return statuses.get(status, 0)


def _readers(element: str, evidence: OperationEvidence) -> tuple[int, int]:
    """How many requests declare to read a member or one below it, and how many a member above it."""
    reads = {name: one.present for name, one in evidence.elements.items() if name.startswith("reads:")}
    if ":" not in element:
        # The whole body changes.
        return max(reads.values(), default=0), 0
    below = max((count for name, count in reads.items() if f"{name}/".startswith(f"{element}/")), default=0)
    above = max((count for name, count in reads.items() if element.startswith(f"{name}/")), default=0)
    return below, above
