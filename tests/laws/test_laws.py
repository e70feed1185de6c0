"""Every law holds: v1 and v2 agree wherever both can express the same."""

import hypothesis
import pytest

from tests.laws.all import LAWS
from tests.laws.harness import VersionsHarness
from tests.laws.law import Law


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_law(harness: VersionsHarness, profile: hypothesis.settings, law: Law) -> None:
    law.check(harness, profile)
