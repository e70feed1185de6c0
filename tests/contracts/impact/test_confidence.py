"""With the default sampling, the stated bound holds for 95 % of the consumers that break at times."""

from random import Random

import pytest

from contracts.compat import diff
from contracts.compat.impact.analysis import analyse
from contracts.compat.impact.evidence import ConsumerEvidence, OperationEvidence, Summary, UsageEvidence
from contracts.compat.impact.verdict import Verdict
from tests.contracts.compat.documents import parameter, with_parameters

RATIO = 0.01
CONSUMERS = 1500
OLD, NEW = (with_parameters(parameter("q", schema={"type": "string", "maxLength": limit})) for limit in (200, 100))


def consumer(name: str, requests: int, share: float, first: int, random: Random) -> ConsumerEvidence:
    """A consumer of which a share of the requests has a text that is too long, as the default sampling observes it."""
    sampled = sum(random.random() < RATIO for _ in range(requests))
    observed = first + sampled
    long = sum(random.random() < share for _ in range(observed))
    summary = Summary(
        possible=observed,
        possible_random=sampled,
        present=observed,
        types={"string": observed},
        length=(5, 140 if long else 50),
    )
    used = OperationEvidence("v901", "GET /things", requests, "", observed, sampled, {"query:q": summary})
    return ConsumerEvidence(name, (used,))


@pytest.mark.parametrize("first", [0, 20])
def test_the_bound_holds_for_as_many_consumers_as_it_says(first: int) -> None:
    random = Random(1911)  # noqa: S311 - a repeatable simulation
    shares = {f"c{number}": random.choice([0.0, 0.05, 0.12]) for number in range(CONSUMERS)}
    consumers = tuple(consumer(name, 3000, share, first, random) for name, share in shares.items())
    (finding,) = analyse(diff(OLD, NEW, located=True), UsageEvidence("", "", consumers), "v901").findings
    verdicts = {one.consumer.consumer or "": one.outcome for one in finding.consumers}
    assert all(shares[name] for name, outcome in verdicts.items() if outcome.verdict is Verdict.BREAKS)
    broken = [outcome for name, outcome in verdicts.items() if shares[name]]

    def beyond(factor: float) -> int:
        return sum(one.bound is not None and shares[name] > factor * one.bound for name, one in verdicts.items())

    assert len(broken) > CONSUMERS / 2
    assert beyond(1) <= 0.05 * len(broken)
    assert first or beyond(1 / 3) > 0.05 * len(broken), "a bound of 1/n would not hold"
    assert sum(outcome.verdict is Verdict.SAFE for outcome in verdicts.values()) > CONSUMERS / 5


def test_many_items_of_few_requests_are_no_sample() -> None:
    old, new = (
        with_parameters(parameter("q", schema={"type": "array", "items": {"type": "string", "maxLength": limit}}))
        for limit in (200, 100)
    )
    summary = Summary(possible=90, possible_random=60, present=90, types={"string": 90}, length=(5, 50))
    used = OperationEvidence("v901", "GET /things", 3000, "", 23, 3, {"query:q/*": summary})
    consumers = (ConsumerEvidence("c", (used,)),)
    (finding,) = analyse(diff(old, new, located=True), UsageEvidence("", "", consumers), "v901").findings
    assert finding.consumers[0].outcome.verdict is Verdict.MAY_BREAK
