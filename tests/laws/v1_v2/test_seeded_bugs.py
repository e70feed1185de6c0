"""The laws can fail: each seeded bug is caught."""

import hypothesis
import pytest

from tests.laws.v1_v2.all import LAWS
from tests.laws.v1_v2.bugs import BUGS, Bug
from tests.laws.v1_v2.harness import VersionsHarness
from tests.laws.v1_v2.law import first_failure_only

BY_NAME = {law.name: law for law in LAWS}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_is_caught(harness: VersionsHarness, monkeypatch: pytest.MonkeyPatch, bug: Bug) -> None:
    """Any exception of a law counts as a catch."""
    bug.plant(monkeypatch)
    with pytest.raises((AssertionError, KeyError, ValueError)):
        BY_NAME[bug.law].check(harness, first_failure_only(60))


def test_laws_that_hold_raise_nothing(harness: VersionsHarness) -> None:
    """Without a bug, the same laws pass."""
    for name in sorted({bug.law for bug in BUGS}):
        BY_NAME[name].check(harness, first_failure_only(2))
    assert isinstance(first_failure_only(1), hypothesis.settings)
