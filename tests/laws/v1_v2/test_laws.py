"""Every law holds: v1 and v2 agree wherever both can express the same."""

import hypothesis
import pytest

from tests.laws.v1_v2.all import LAWS
from tests.laws.v1_v2.harness import VersionsHarness
from tests.laws.v1_v2.law import Law


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_law(harness: VersionsHarness, profile: hypothesis.settings, law: Law) -> None:
    law.check(harness, profile)
