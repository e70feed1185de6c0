"""The structured-fields library parses the headers that we write."""

import http_sf
from hypothesis import given
from hypothesis import strategies as st

from observability.rate_limit.headers import DRAFT_11, X_RATELIMIT
from observability.rate_limit.limiter import Decision, Standing
from observability.rate_limit.policies import Policy, PolicySet, parse_policy

NAMES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=20)
STANDINGS = st.lists(
    st.tuples(NAMES, st.integers(1, 10**6), st.integers(1, 86_400), st.integers(0, 10**6), st.integers(1, 10**6)),
    min_size=1,
    max_size=4,
)
DECLARED = parse_policy("any", "1/minute").declared


def decision(standings: list[tuple[str, int, int, int, int]]) -> Decision:
    found = tuple(
        Standing(Policy(name, quota, window, DECLARED), remaining, reset * 1000 - 400)
        for name, quota, window, remaining, reset in standings
    )
    return Decision(PolicySet("test", tuple(standing.policy for standing in found)), found, now=1_795_000_000_000)


@given(STANDINGS)
def test_draft_11_is_parsed_by_the_library(standings: list[tuple[str, int, int, int, int]]) -> None:
    fields = dict(DRAFT_11.fields(decision(standings)))
    assert http_sf.parse(fields[b"ratelimit-policy"], tltype="list") == [
        (name, {"q": quota, "w": window}) for name, quota, window, _, _ in standings
    ]
    assert http_sf.parse(fields[b"ratelimit"], tltype="list") == [
        (name, {"r": remaining, "t": reset}) for name, _, _, remaining, reset in standings
    ]


@given(STANDINGS)
def test_older_headers_show_the_tightest_policy(standings: list[tuple[str, int, int, int, int]]) -> None:
    fields = {name: int(value) for name, value in X_RATELIMIT.fields(decision(standings))}
    assert fields[b"x-ratelimit-remaining"] == min(remaining for *_, remaining, _ in standings)
    shown = (fields[b"x-ratelimit-limit"], fields[b"x-ratelimit-remaining"])
    assert fields[b"x-ratelimit-reset"] - 1_795_000_000 == max(
        reset for _, quota, _, remaining, reset in standings if remaining == shown[1] and quota == shown[0]
    )


def test_draft_11_format() -> None:
    burst = ("burst", 100, 60, 50, 30)
    assert DRAFT_11.fields(decision([burst])) == [
        (b"ratelimit-policy", b'"burst";q=100;w=60'),
        (b"ratelimit", b'"burst";r=50;t=30'),
    ]
    assert {name.decode().title() for name, _ in DRAFT_11.fields(decision([burst]))} == {
        name.title() for name in DRAFT_11.descriptions
    }


def test_the_reset_of_the_older_headers_is_rounded_up_once() -> None:
    """1.2 s after a time that is 0.9 s into a second: two roundings would be a second too early."""
    policy = Policy("burst", 100, 60, DECLARED)
    decided = Decision(PolicySet("test", (policy,)), (Standing(policy, 0, 1200),), now=1_795_000_000_900)
    assert dict(X_RATELIMIT.fields(decided))[b"x-ratelimit-reset"] == b"1795000003"


def test_headers_for_shared_caches_are_equal_for_all_callers() -> None:
    burst, other = decision([("burst", 100, 60, 50, 30)]), decision([("burst", 100, 60, 2, 7)])
    for dialect in (X_RATELIMIT, DRAFT_11):
        assert dialect.shared_fields(burst) == dialect.shared_fields(other)
        shown = {name.decode() for name, _ in dialect.shared_fields(burst)}
        assert shown == {name.lower() for name in dialect.shared_names}
