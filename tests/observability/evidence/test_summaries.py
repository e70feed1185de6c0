"""Summaries are rounded outwards, and merge as the analysis of impact merges them."""

from copy import deepcopy
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from contracts.compat.impact import summary as impact
from observability.evidence.summaries import MAX_UNKNOWN_NAMES, Tally, merge_summaries, rounded

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["draft", "published", "free text"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=6,
)


def summary_of(value: Any, names: list[str], *, random: bool) -> dict[str, Any]:
    tally = Tally(lambda name: f"{name:0>16}", random=random)
    found = tally.add_possible("body")
    tally.add_value(found, value, {'"draft"', "true"})
    tally.add_unknown(found, names)
    return found


@given(st.integers(-(2**53), 2**53) | st.floats(-1e300, 1e300, allow_subnormal=False))
def test_a_number_lies_within_its_range_which_has_two_digits(value: float) -> None:
    low, high = rounded(value)
    assert low <= value <= high
    assert (float(low), float(high)) == tuple(map(float, impact.rounded(value, value)))
    assert all(len(f"{abs(bound):e}".partition("e")[0].rstrip("0").replace(".", "")) <= 2 for bound in (low, high))


@given(st.lists(st.tuples(JSON, st.lists(st.text("abcdefgh", min_size=2, max_size=3), max_size=60)), max_size=4))
def test_merging_gives_what_the_analysis_of_impact_reads(values: list[tuple[Any, list[str]]]) -> None:
    merged: dict[str, Any] = {}
    expected = impact.Summary()
    for number, (value, names) in enumerate(values):
        one = summary_of(value, names, random=number % 2 == 0)
        before = deepcopy(one)
        merge_summaries(merged, {"body": one})
        assert one == before, "the merged summary is a copy"
        expected = expected.merged(read(one))
    found = read(merged.get("body", {}))
    assert found == expected
    assert len(found.unknown) <= MAX_UNKNOWN_NAMES == impact.MAX_UNKNOWN_NAMES
    assert orjson.loads(orjson.dumps(merged)) == merged


def test_a_summary_has_the_types_sizes_and_repetitions_of_values() -> None:
    tally = Tally(str, random=False)
    summary = tally.add_possible("body")
    values = [
        True,
        7,
        7.0,
        7.5,
        "ab",
        [1, 1],
        [{"a": 1, "b": 2}, {"b": 2, "a": 1}],
        [1, 2],
        {"a": 1},
        float("inf"),
        None,
    ]
    for value in values:
        tally.add_value(summary, value, ())
    assert summary == {
        "possible": 1,
        "present": 11,
        "null": 1,
        "types": {"boolean": 1, "integer": 2, "number": 2, "string": 1, "array": 3, "object": 1},
        "number": [7, 7.5],
        "length": [2, 2],
        "items": [2, 2],
        "members": [1, 1],
        "unique_violations": 2,
    }


def test_numbers_are_exact_below_one_hundred_and_rounded_from_there_on() -> None:
    assert [rounded(value) for value in (99, -99, 100, 101, -101)] == [
        (99, 99),
        (-99, -99),
        (100, 100),
        (100, 110),
        (-110, -100),
    ]


def test_the_unknown_names_of_one_request_are_bounded() -> None:
    tally = Tally(str, random=False)
    summary = tally.add_possible("body")
    tally.add_unknown(summary, [f"{number}" for number in range(MAX_UNKNOWN_NAMES + 2)])
    assert (len(summary["unknown"]), summary["unknown_dropped"]) == (MAX_UNKNOWN_NAMES, 2)


def test_the_most_frequent_unknown_names_are_kept() -> None:
    merged = {"body": {"unknown": {f"{number:02}": 2 for number in range(MAX_UNKNOWN_NAMES)}, "unknown_dropped": 1}}
    merge_summaries(merged, {"body": {"unknown": {"many": 3, "one": 1}, "unknown_dropped": 4}})
    assert len(merged["body"]["unknown"]) == MAX_UNKNOWN_NAMES
    assert (merged["body"]["unknown"]["many"], "one" in merged["body"]["unknown"]) == (3, False)
    assert merged["body"]["unknown_dropped"] == 1 + 4 + 2 + 1


def read(plain: dict[str, Any]) -> impact.Summary:
    ranges = {name: tuple(value) for name, value in plain.items() if isinstance(value, list)}
    return impact.Summary(**(plain | ranges))
