"""Delays between attempts grow, are bounded, and differ between processes."""

import pytest

from observability.concurrency.backoff import Backoff


@pytest.mark.parametrize(("failures", "expected"), [(0, 0.1), (1, 0.2), (3, 0.8), (10, 2.0), (10**6, 2.0)])
def test_the_delay_doubles_up_to_the_longest_one(failures: int, expected: float) -> None:
    delays = [Backoff(first=0.1, longest=2.0).delay(failures) for _ in range(200)]
    assert min(delays) >= 0.8 * expected
    assert max(delays) <= 1.2 * expected
    assert max(delays) - min(delays) > 0.2 * expected, "the delays of many processes are spread"
