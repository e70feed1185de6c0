"""Commands on a database and in a folder of the test."""

from pathlib import Path

import pytest

from tests.support.commands import Run, output_of
from tests.support.postgres import clone


@pytest.fixture
async def dsn(admin_dsn: str) -> str:
    return await clone(admin_dsn, "commands")


@pytest.fixture
def run(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on ``dsn``. See ``tests.support.commands``."""
    monkeypatch.setenv("STRATA_HOME", str(tmp_path))
    monkeypatch.setenv("STRATA_DATABASE__URL", dsn)
    return output_of
