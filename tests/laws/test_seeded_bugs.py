"""The laws can fail: each catches the bug that it is there for."""

import hypothesis
import pytest

from tests.laws.all import LAWS
from tests.laws.bugs import BUGS, Bug
from tests.laws.harness import VersionsHarness
from tests.laws.law import hurried

BY_NAME = {law.name: law for law in LAWS}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_is_caught(harness: VersionsHarness, monkeypatch: pytest.MonkeyPatch, bug: Bug) -> None:
    """Anything that a law raises is a catch; what stays is a bug that nobody would see."""
    bug.plant(monkeypatch)
    with pytest.raises((AssertionError, KeyError, ValueError)):
        BY_NAME[bug.law].check(harness, hurried(60))


def test_laws_that_hold_raise_nothing(harness: VersionsHarness) -> None:
    """So that the test above means something."""
    for name in sorted({bug.law for bug in BUGS}):
        BY_NAME[name].check(harness, hurried(2))
    assert isinstance(hurried(1), hypothesis.settings)
