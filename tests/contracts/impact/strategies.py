"""Random usage evidence."""

from typing import Any

from hypothesis import strategies as st

from contracts.compat.impact.evidence import ConsumerEvidence, OperationEvidence, Subscription, Summary, UsageEvidence

COUNTS = st.integers(0, 1000)
NAMES = st.text(max_size=8)
NUMBERS = st.integers(-1000, 1000) | st.floats(-1e6, 1e6, allow_nan=False)


def ranges(numbers: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.tuples(numbers, numbers).map(sorted).map(tuple)


@st.composite
def summaries(draw: st.DrawFn) -> Summary:
    possible = draw(COUNTS)
    return Summary(
        possible=possible,
        possible_random=draw(st.integers(0, possible)),
        present=draw(st.integers(0, possible)),
        null=draw(COUNTS),
        types=draw(st.dictionaries(st.sampled_from(["string", "integer"]), COUNTS)),
        number=draw(ranges(NUMBERS)),
        length=draw(ranges(COUNTS)),
        values=draw(st.dictionaries(NAMES, COUNTS, max_size=3)),
        unknown=draw(st.dictionaries(NAMES, st.integers(1, 9), max_size=60)),
    )


OPERATIONS = st.builds(
    OperationEvidence,
    version=st.sampled_from(["v901", "v2"]),
    operation=st.sampled_from(["GET /posts", "POST /posts"]),
    requests=COUNTS,
    last_seen=st.sampled_from(["", "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"]),
    observed=COUNTS,
    random=COUNTS,
    elements=st.dictionaries(NAMES, summaries(), max_size=3),
)
EVIDENCE = st.builds(
    UsageEvidence,
    since=st.just("2026-10-30"),
    until=st.just("2026-11-29"),
    consumers=st.lists(
        st.builds(
            ConsumerEvidence,
            consumer=st.none() | NAMES,
            operations=st.lists(OPERATIONS, max_size=2, unique_by=lambda one: (one.version, one.operation)).map(
                lambda found: tuple(sorted(found, key=lambda one: (one.version, one.operation)))
            ),
            subscriptions=st.lists(
                st.builds(Subscription, st.just("v2"), st.just("post.published"), st.sampled_from(["webhook"])),
                max_size=1,
            ).map(tuple),
        ),
        max_size=3,
        unique_by=lambda one: one.consumer,
    ).map(tuple),
    names_key=st.just("0011"),
)
