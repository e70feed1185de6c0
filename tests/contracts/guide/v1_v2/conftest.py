"""Fixtures of the migration guide."""

from pathlib import Path

import pytest

from tests.contracts.guide.v1_v2.sources import GuideSources


@pytest.fixture
def sources(tmp_path: Path) -> GuideSources:
    return GuideSources(tmp_path)
