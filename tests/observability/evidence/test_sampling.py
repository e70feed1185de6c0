"""Which requests are chosen: the first of each hour, a random share, watched consumers, and never above the cap."""

from observability.evidence import sampling
from observability.evidence.sampling import AdaptiveSampler

KEY = ("ada", "v9", "posts.list")


class Clock:
    now = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now


def sampler(clock: Clock, capped: list[None], **options: float) -> AdaptiveSampler:
    settings = {"first": 3, "ratio": 0.0, "per_second": 1_000_000} | options
    return AdaptiveSampler(
        first=int(settings["first"]),
        ratio=settings["ratio"],
        per_second=settings["per_second"],
        on_capped=lambda: capped.append(None),
        clock=clock,
        seed=7,
    )


def test_the_first_requests_of_each_consumer_operation_and_hour() -> None:
    clock = Clock()
    chosen = sampler(clock, [])
    for _ in range(2):
        assert [chosen.choose(*KEY) for _ in range(5)] == [False] * 3 + [None] * 2
        assert [chosen.choose("ada", "v9", "posts.get") for _ in range(5)] == [False] * 3 + [None] * 2
        assert [chosen.choose(None, "v9", "posts.list") for _ in range(5)] == [False] * 3 + [None] * 2
        assert [chosen.choose("ada", "v10", "posts.list") for _ in range(5)] == [False] * 3 + [None] * 2
        clock.now += 3600


def test_the_random_stratum_is_a_share_of_all_requests_also_of_the_first_ones() -> None:
    chosen = sampler(Clock(), [], ratio=0.01)
    found = [chosen.choose(str(number), "v9", "posts.list") for number in range(50_000)]
    assert 400 <= found.count(True) <= 600
    chosen = sampler(Clock(), [], ratio=0.01, first=0)
    assert 400 <= [chosen.choose(*KEY) for _ in range(50_000)].count(True) <= 600


def test_every_request_of_a_watched_consumer_is_in_the_random_stratum() -> None:
    chosen = sampler(Clock(), [], first=0)
    chosen.watched = frozenset({"ada"})
    assert [chosen.choose(*KEY) for _ in range(50)] == [True] * 50
    assert chosen.choose("bob", "v9", "posts.list") is None


def test_the_cap_leaves_half_to_the_random_stratum() -> None:
    clock, capped = Clock(), list[None]()
    chosen = sampler(clock, capped, first=100, per_second=10)
    assert [chosen.choose(*KEY) for _ in range(8)] == [False] * 5 + [None] * 3
    assert len(capped) == 3
    chosen.watched = frozenset({"ada"})
    assert [chosen.choose(*KEY) for _ in range(6)] == [True] * 5 + [None]
    clock.now += 0.35
    assert [chosen.choose(*KEY) for _ in range(4)] == [True] * 3 + [None]
    clock.now -= 10
    assert chosen.choose(*KEY) is None, "a clock that is set back fills nothing"
    clock.now += 0.2
    assert [chosen.choose(*KEY) for _ in range(3)] == [True] * 2 + [None], "and takes nothing"


def test_random_samples_of_a_consumer_are_among_its_first_ones() -> None:
    chosen = sampler(Clock(), [])
    chosen.watched = frozenset({"ada"})
    assert [chosen.choose(*KEY) for _ in range(2)] == [True] * 2
    chosen.watched = frozenset()
    assert [chosen.choose(*KEY) for _ in range(3)] == [False, None, None]


def test_an_hour_is_one_of_the_clock_and_unused_capacity_is_not_saved() -> None:
    clock, capped = Clock(), list[None]()
    chosen = sampler(clock, capped, first=1, per_second=4)
    assert [chosen.choose(str(number), "v9", "posts.list") for number in range(3)] == [False] * 2 + [None]
    clock.now += 60
    assert chosen.choose("0", "v9", "posts.list") is None
    assert [chosen.choose(str(number), "v9", "posts.get") for number in range(3)] == [False] * 2 + [None]
    clock.now = clock.now // 3600 * 3600 + 3600
    assert chosen.choose("0", "v9", "posts.list") is False
    assert len(capped) == 2


def test_memory_is_bounded_and_freed_each_hour() -> None:
    clock = Clock()
    chosen = sampler(clock, [])
    for number in range(sampling.MOST_KEYS):
        chosen.choose(str(number), "v9", "posts.list")
    assert chosen.choose("one more", "v9", "posts.list") is None
    assert chosen.choose("7", "v9", "posts.list") is False
    clock.now += 3600
    assert chosen.choose("one more", "v9", "posts.list") is False
