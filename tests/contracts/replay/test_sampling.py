"""With the default sampling, the bounds that verdicts state hold for consumers whose rare requests break."""

import sys
from collections import Counter
from dataclasses import dataclass
from random import Random

from app.settings.usage import UsageSettings
from observability.evidence.sampling import AdaptiveSampler
from tests.contracts.replay.builds import Build
from tests.contracts.replay.changes import CREATE, LIST, builds
from tests.contracts.replay.confidence import Confidence
from tests.contracts.replay.consumers import Habits
from tests.contracts.replay.observing import Observer
from tests.contracts.replay.recording import Recorded
from tests.contracts.replay.test_replay import SEED
from tests.contracts.replay.verdicts import Comparison

CONSUMERS = 60
REQUESTS = 1000
"""Of each consumer to each operation, within an hour."""
SHARES = (0.1, 0.15, 0.2, 0.3, 0.5)
"""Of the requests that follow other habits. They come late in the hour, so that the first ones never show them."""
FEWEST_BEYOND = 5
OPERATIONS = {"create": CREATE, "list": LIST}
SCOPES = ("posts:read", "posts:write")


@dataclass
class Clock:
    """The time of the sampler, in seconds."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def request(habits: Habits, kind: str, consumer: str) -> Recorded:
    draft = habits.draft(kind)
    headers = tuple(pair for pair in draft.headers if pair[0] != "Idempotency-Key")
    if len(headers) < len(draft.headers):
        headers = (*headers, ("Idempotency-Key", "k"))
    return Recorded(
        consumer, draft.method, draft.path, draft.query, (*headers, ("X-API-Key", "k")), draft.body, (), None, SCOPES
    )


def test_the_bounds_hold() -> None:
    settings, clock, observer = UsageSettings(), Clock(), Observer()
    sampler = AdaptiveSampler(
        first=settings.first_samples,
        ratio=settings.sample_ratio,
        per_second=settings.max_samples_per_second,
        on_capped=lambda: None,
        clock=clock,
        seed=SEED,
    )
    sent: dict[tuple[str, str], dict[str, tuple[Recorded, int]]] = {}
    for number in range(CONSUMERS):
        random = Random(f"{SEED} sampled {number}")  # noqa: S311 - repeatable habits
        usual, rare = Habits(random), Habits(random)
        share, late = random.choice(SHARES), settings.first_samples / REQUESTS
        for kind, operation in OPERATIONS.items():
            requests: Counter[str] = Counter()
            known: dict[str, Recorded] = {}
            for index in range(REQUESTS):
                clock.now = number * 3600 + index * 3600 / REQUESTS
                is_rare = index / REQUESTS >= late and random.random() < share
                one = request(rare if is_rare else usual, kind, f"c{number}")
                text = f"{one.query} {one.headers} {one.body}"
                requests[text] += 1
                known[text] = one
                observer.count(one)
                stratum = sampler.choose(one.consumer, one.version, kind)
                if stratum is not None:
                    observer.observe(one, random=stratum)
            sent[f"c{number}", operation[1] + operation[0]] = {
                text: (known[text], times) for text, times in requests.items()
            }
    evidence, comparison, confidence = observer.evidence(), Comparison(), Confidence()
    for build in builds():
        if build.operation in OPERATIONS.values() and build.responds is None:
            confidence.add_shares(build, comparison.outcomes(build, evidence), shares(build, sent), evidence)
    confidence.ensure_holds(f"REPLAY_SEED={SEED}")
    sys.stdout.write(f"with the first requests: {len(confidence.beyond_all)} of {len(confidence.breaking)}\n")
    assert len(confidence.beyond_all) > FEWEST_BEYOND, "or the bounds are not tested"


def shares(build: Build, sent: dict[tuple[str, str], dict[str, tuple[Recorded, int]]]) -> dict[str, float]:
    """The share of the requests of each consumer that the build rejects."""
    operation = build.operation[1] + build.operation[0]
    return {
        name: sum(times for one, times in requests.values() if build.breaks(one)) / REQUESTS
        for (name, called), requests in sent.items()
        if called == operation
    }
