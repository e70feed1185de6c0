"""The arithmetic of windows and policies by example; the models and properties are in the other modules."""

import pytest

from observability.rate_limit.headers import DRAFT_11, X_RATELIMIT
from observability.rate_limit.limiter import Decision, Standing, decide
from observability.rate_limit.local import LocalLimiter, wall_clock
from observability.rate_limit.null import NullLimiter
from observability.rate_limit.policies import Policy, PolicySet, parse_policy
from observability.rate_limit.windows import charged_units, fits, remaining_and_pause, seconds, wait
from tests.observability.rate_limit.model import Clock

MINUTE = parse_policy("burst", "10/minute")
HALF = 30_000


@pytest.mark.parametrize(
    ("usage", "cost", "expected"),
    [
        ((9, 0, 0), 1, True),
        ((10, 0, 0), 1, False),
        ((10, 10, 0), 0, True),
        # Half of the previous window counts: 10 * 0.5 = 5.
        ((4, 10, HALF), 1, True),
        ((5, 10, HALF), 1, False),
        ((0, 10, 0), 1, False),
        ((0, 10, 5_999), 1, False),
        ((0, 10, 6_000), 1, True),
        ((0, 0, 0), 10, True),
        ((0, 0, 0), 99, True),
        ((1, 0, 0), 99, False),
    ],
)
def test_units_fit_within_the_quota(usage: tuple[int, int, int], cost: int, expected: bool) -> None:  # noqa: FBT001 - an expected fact
    assert fits(MINUTE, usage, cost) is expected


@pytest.mark.parametrize(
    ("usage", "cost", "milliseconds"),
    [
        ((9, 0, 0), 1, 0),
        # The previous window alone: 10 * (60 - t) / 60 + 1 <= 10 from 6 s on.
        ((0, 10, 0), 1, 6_000),
        ((0, 10, 1_000), 1, 5_000),
        ((4, 10, 0), 2, 36_000),
        # The current one: it must become the previous one, and lose its weight.
        ((10, 0, 0), 1, 66_000),
        ((10, 0, HALF), 1, 36_000),
        ((10, 0, HALF), 10, 90_000),
        ((10, 0, HALF), 99, 90_000),
        ((10, 5, HALF), 5, 60_000),
    ],
)
def test_the_wait_for_units(usage: tuple[int, int, int], cost: int, milliseconds: int) -> None:
    assert wait(MINUTE, usage, cost) == milliseconds
    current, previous, elapsed = usage
    later = elapsed + milliseconds
    shifted = (current, previous, later) if later < 60_000 else (0, current, min(later - 60_000, 60_000))
    assert fits(MINUTE, shifted, cost)


@pytest.mark.parametrize(
    ("usage", "step", "expected"),
    [
        ((0, 0, 0), 1, (10, 0)),
        ((1, 0, 0), 1, (9, 120_000)),
        ((10, 0, 0), 1, (0, 66_000)),
        ((10, 0, 0), 5, (0, 90_000)),
        ((7, 0, 0), 5, (3, wait(MINUTE, (7, 0, 0), 5))),
        ((5, 0, 0), 5, (5, wait(MINUTE, (5, 0, 0), 6))),
        ((10, 0, 0), 50, (0, 120_000)),
        ((10, 10, 0), 1, (0, 66_000)),
        ((0, 10, HALF), 1, (5, 6_000)),
    ],
)
def test_what_is_left_and_when_there_is_more(usage: tuple[int, int, int], step: int, expected: tuple[int, int]) -> None:
    assert remaining_and_pause(MINUTE, usage, step) == expected


@pytest.mark.parametrize(("milliseconds", "expected"), [(0, 0), (1, 1), (999, 1), (1000, 1), (1001, 2), (60_000, 60)])
def test_seconds_are_rounded_up(milliseconds: int, expected: int) -> None:
    assert seconds(milliseconds) == expected
    assert Standing(MINUTE, 1, milliseconds).reset == expected


def test_a_cost_above_the_quota_takes_the_quota() -> None:
    assert [charged_units(MINUTE, cost) for cost in (0, 1, 10, 11)] == [0, 1, 10, 10]


def test_a_decision_names_every_violated_policy_and_the_longest_wait() -> None:
    rules = PolicySet("test", (MINUTE, parse_policy("daily", "100/day"), parse_policy("hourly", "20/hour")))
    usages = [(10, 0, 0), (99, 0, 0), (20, 0, 0)]
    decision = decide(rules, usages, 1, 7, counted=False)
    assert [policy.name for policy in decision.violated] == ["burst", "hourly"]
    assert decision.pause == max(wait(MINUTE, usages[0], 1), wait(rules.policies[2], usages[2], 1)) > 3_600_000
    turned = decide(PolicySet("test", rules.policies[::-1]), usages[::-1], 1, 7, counted=False)
    assert turned.pause == decision.pause, "whichever policy is the last"
    assert (decision.allowed, decision.retry_after, decision.now) == (False, seconds(decision.pause), 7)
    assert [(one.policy.name, one.remaining) for one in decision.standings] == [
        ("burst", 0),
        ("daily", 1),
        ("hourly", 0),
    ]
    counted = decide(rules, usages, 1, 7, counted=True)
    assert (counted.allowed, counted.violated, counted.pause, counted.retry_after) == (True, (), 0, 0)
    assert Decision(rules, (), 0, (MINUTE,), 0).retry_after == 1, "never 0: the client would repeat at once"


def test_the_triple_shows_the_violated_policy_and_the_draft_all() -> None:
    rules = PolicySet("test", (parse_policy("daily", "5/day"), MINUTE))
    standings = (Standing(rules.policies[0], 0, 1_500), Standing(MINUTE, 0, 2_500))
    rejected = Decision(rules, standings, 10_000, (rules.policies[0],), 90_500)
    assert X_RATELIMIT.fields(rejected) == [
        (b"x-ratelimit-limit", b"5"),
        (b"x-ratelimit-remaining", b"0"),
        (b"x-ratelimit-reset", b"101"),
    ]
    assert DRAFT_11.fields(rejected) == [
        (b"ratelimit-policy", b'"daily";q=5;w=86400, "burst";q=10;w=60'),
        (b"ratelimit", b'"daily";r=0;t=2,"burst";r=0;t=3'),
    ]
    # A policy that is not violated does not count, although it is nearer to its end.
    second = Decision(rules, (standings[0], Standing(MINUTE, 3, 2_500)), 10_000, (MINUTE,), 90_500)
    assert X_RATELIMIT.fields(second)[:2] == [(b"x-ratelimit-limit", b"10"), (b"x-ratelimit-remaining", b"3")]
    # Of two that are equally near their end, the one that recovers last.
    allowed = Decision(rules, standings, 10_000)
    assert dict(X_RATELIMIT.fields(allowed))[b"x-ratelimit-reset"] == b"13"
    assert dict(X_RATELIMIT.fields(allowed))[b"x-ratelimit-limit"] == b"10"
    assert X_RATELIMIT.shared_fields(allowed) == [(b"x-ratelimit-limit", b"5")]
    assert DRAFT_11.shared_fields(allowed) == DRAFT_11.fields(allowed)[:1]
    assert X_RATELIMIT.shared_names == {"X-RateLimit-Limit"}
    assert DRAFT_11.shared_names == {"RateLimit-Policy"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/second", (1, 1)),
        ("100/minute", (100, 60)),
        ("5 per 2 hours", (5, 7200)),
        ("10/day", (10, 86_400)),
        (f"{2**53 // 3000}/second", (2**53 // 3000, 1)),
    ],
)
def test_a_policy_is_parsed(text: str, expected: tuple[int, int]) -> None:
    found = parse_policy("burst", text)
    assert (found.name, found.quota, found.window, found.milliseconds) == ("burst", *expected, expected[1] * 1000)
    assert str(found.declared.limit.amount) == str(expected[0])


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "couldn't parse"),
        ("many/minute", "couldn't parse"),
        ("0/minute", "burst: 0 in 60 s cannot be counted"),
        (f"{2**53 // 3000 + 1}/second", "in 1 s cannot be counted"),
        ("1/second; 2/minute", "burst: '1/second; 2/minute' contains several limits; give each its own name"),
    ],
)
def test_a_policy_that_cannot_be_counted_is_rejected(text: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        parse_policy("burst", text)


@pytest.mark.parametrize(("quota", "window"), [(0, 1), (-1, 1), (1, 0), (1, -1)])
def test_a_policy_has_a_quota_and_a_window(quota: int, window: int) -> None:
    with pytest.raises(ValueError, match=f"burst: {quota} in {window} s cannot be counted"):
        Policy("burst", quota, window, MINUTE.declared)
    assert Policy("burst", 1, 1, MINUTE.declared).milliseconds == 1000


def test_sets_are_parsed_in_order_and_compared_by_identity() -> None:
    one, other = (PolicySet.parse("free", {"burst": "1/minute", "daily": "2/day"}, 4) for _ in range(2))
    assert (one.name, [policy.name for policy in one.policies], one.step) == ("free", ["burst", "daily"], 4)
    assert PolicySet.parse("free", {}).step == PolicySet("free", ()).step == 1
    assert one != other
    assert one.policies == other.policies, "policies are values"
    assert one.policies[0] == Policy("burst", 1, 60, other.policies[1].declared)


async def test_without_limits_every_policy_shows_its_full_quota() -> None:
    rules = PolicySet("test", (MINUTE, parse_policy("daily", "3/day")))
    before = wall_clock()
    for cost in (0, 1, 99):
        decision = await NullLimiter().charge("ada", rules, cost)
        assert decision == Decision(rules, (Standing(MINUTE, 10, 0), Standing(rules.policies[1], 3, 0)), decision.now)
        assert before <= decision.now <= wall_clock()
    await NullLimiter().close()


async def test_counters_end_with_their_windows_and_survive_a_clock_that_is_set_back() -> None:
    clock = Clock(now=60_000_000)
    limiter, rules = LocalLimiter(2, clock), PolicySet("test", (MINUTE,))

    async def left(cost: int = 0, subject: str = "ada") -> int:
        return (await limiter.charge(subject, rules, cost)).standings[0].remaining

    assert await left(10) == 0
    clock.now += 60_000 + HALF
    assert await left() == 5, "the previous window counts by half"
    assert await left(2) == 3
    clock.now -= 60_000
    assert await left() == 0, "it continues in the later window, at its start"
    clock.now += 3 * 60_000
    assert await left() == 10, "only the previous window counts"
    assert len(limiter) == 1
    for subject in ("bob", "eve"):
        await left(10, subject)
    assert len(limiter) == 2
    await limiter.close()


def test_the_wall_clock_is_in_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("observability.rate_limit.local.time.time_ns", lambda: 1_795_000_000_123_999_999)
    assert wall_clock() == 1_795_000_000_123
