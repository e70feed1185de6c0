"""The format of usage evidence: what is written is read, days merge in any order, and bad content names its member."""

import json
from copy import deepcopy
from math import ceil, floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.compat.impact.evidence import (
    NotUsage,
    OperationEvidence,
    Summary,
    UsageEvidence,
    hash_name,
    merge_operations,
)
from contracts.compat.impact.summary import MAX_UNKNOWN_NAMES, greatest_is_above, least_is_below, rounded
from tests.contracts.impact.strategies import EVIDENCE, NUMBERS, OPERATIONS, summaries

VALID: Any = {
    "format": "strata-usage/1",
    "since": "2026-10-30",
    "until": "2026-11-29",
    "contracts": {"v901": "00"},
    "consumers": [
        {
            "consumer": None,
            "operations": [
                {
                    "version": "v901",
                    "operation": "GET /posts",
                    "requests": 3,
                    "elements": {"query:limit": {"possible": 3, "present": 2, "number": [1, 20]}},
                }
            ],
            "subscriptions": [{"version": "v2", "event": "post.published", "channel": "stream"}],
        }
    ],
}


@given(EVIDENCE)
def test_what_is_written_is_read(evidence: UsageEvidence) -> None:
    for summary in (s for c in evidence.consumers for o in c.operations for s in o.elements.values()):
        assert len(summary.merged(Summary()).unknown) <= MAX_UNKNOWN_NAMES
    assert UsageEvidence.from_json(json.loads(json.dumps(evidence.to_json()))) == evidence


@given(summaries(), summaries(), summaries())
def test_days_merge_in_any_order(one: Summary, two: Summary, three: Summary) -> None:
    merged = one.merged(two)
    assert merged == two.merged(one)
    assert merged.possible == one.possible + two.possible
    assert merged.absent == one.absent + two.absent
    for found in (one.length, two.length):
        assert found is None or (merged.length and merged.length[0] <= found[0] <= found[1] <= merged.length[1])
    names = [sum(each.unknown.values()) + each.unknown_dropped for each in (one, two, three, merged.merged(three))]
    assert sum(names[:3]) == names[3]


@given(st.lists(OPERATIONS, max_size=5))
def test_the_operations_of_several_days_become_one_entry_each(operations: list[OperationEvidence]) -> None:
    merged = merge_operations(operations)
    assert sum(one.requests for one in merged) == sum(one.requests for one in operations)
    assert len({(one.version, one.operation) for one in merged}) == len(merged)


@given(value=NUMBERS, limit=NUMBERS, integers=st.booleans())
def test_rounded_ranges_decide_a_limit_correctly_or_not_at_all(value: float, limit: float, *, integers: bool) -> None:
    value = round(value) if integers else value
    low, high = rounded(value, value)
    assert low <= value <= high
    assert greatest_is_above(high, limit, integers=integers) in {value > limit, None}
    assert least_is_below(low, limit, integers=integers) in {value < limit, None}


@given(st.integers(-99, 99), st.integers(-200, 200))
def test_small_integers_are_always_decided(value: int, limit: int) -> None:
    assert rounded(value, value) == (value, value)
    assert greatest_is_above(value, limit, integers=True) is (value > limit)
    assert least_is_below(value, limit, integers=True) is (value < limit)


def test_rounding_hides_all_but_two_digits() -> None:
    assert rounded(1_234_567, 1_234_567) == (1_200_000, 1_300_000)
    assert rounded(-0.01234, 98.7) == (-0.013, 99)
    assert rounded(floor(1e300), ceil(1e300))[1] >= 1e300


def test_a_name_cannot_be_tested_without_the_key() -> None:
    assert hash_name(b"1", "subtitle") != hash_name(b"2", "subtitle")
    assert hash_name(b"1", "subtitle") != hash_name(b"1", "subtitles")
    evidence = UsageEvidence.from_json(VALID)
    assert evidence.hash_of("subtitle") is None
    assert UsageEvidence.from_json({**VALID, "names_key": "31"}).hash_of("subtitle") == hash_name(b"1", "subtitle")


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("format", "strata-usage/2", "`format` must be \"strata-usage/1\", got 'strata-usage/2'"),
        ("since", 5, "`/since` must be a text, got 5"),
        ("names_key", "xyz", "`/names_key` must be hexadecimal, got 'xyz'"),
        ("extra", 1, "`/extra` is not a member of this format"),
        ("consumers", {}, "`/consumers` must be a list, got {}"),
        ("consumers", [{"consumer": "a"}, {"consumer": "a"}], "`consumers` lists a consumer twice"),
        ("consumers", [{}], "`/consumers/0/consumer` must be a text, got nothing"),
        ("consumers", ["a" * 99], "`/consumers/0` must be an object, got '" + "a" * 39 + "..."),
    ],
)
def test_bad_content_names_the_member(member: str, value: Any, message: str) -> None:
    with pytest.raises(NotUsage) as raised:
        UsageEvidence.from_json({**VALID, member: value})
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("summary", "message"),
    [
        ({"possible": -1}, "/possible` must be a whole number of 0 or more, got -1"),
        ({"possible": True}, "/possible` must be a whole number of 0 or more, got True"),
        ({"possible": 1, "possible_random": 2}, "` must not count more in the random sample than at all"),
        ({"length": [3, 1]}, "/length` must be a list of two numbers, the smaller one first, got [3, 1]"),
        ({"number": [0, float("inf")]}, "/number` must be a list of two numbers, the smaller one first, got [0, inf]"),
        ({"types": {"date": 1}}, "/types` must have names among string, integer, number, boolean, array, object"),
        ({"value": "secret"}, "/value` is not a member of this format"),
    ],
)
def test_a_bad_summary_names_the_member(summary: Any, message: str) -> None:
    content = deepcopy(VALID)
    content["consumers"][0]["operations"][0]["elements"]["query:limit"] = summary
    with pytest.raises(NotUsage) as raised:
        UsageEvidence.from_json(content)
    assert str(raised.value) == f"`/consumers/0/operations/0/elements/query:limit{message}"


@pytest.mark.parametrize("content", [None, [], "x", {}])
def test_content_that_is_no_evidence_at_all(content: Any) -> None:
    with pytest.raises(NotUsage):
        UsageEvidence.from_json(content)


def test_evidence_is_complete_if_rejected_requests_explain_the_rest() -> None:
    statuses = {"status:200": Summary(possible=5, present=3), "status:422": Summary(possible=5, present=2)}
    assert OperationEvidence("v901", "GET /posts", 5, observed=3, elements=statuses).is_complete
    assert not OperationEvidence("v901", "GET /posts", 6, observed=3, elements=statuses).is_complete
