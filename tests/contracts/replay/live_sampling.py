"""A live server with the default sampling: the bounds of the verdicts hold. It takes minutes.

No part of the suite, where `test_sampling.py` measures the same without a server: `make impact-replay` runs it.
`REPLAY_ROUNDS` is how often each consumer repeats its requests.
"""

import os
from pathlib import Path

import pytest

from app.settings.database import DatabaseSettings
from app.settings.root import Settings
from tests.contracts.replay.changes import builds
from tests.contracts.replay.confidence import Confidence
from tests.contracts.replay.live import live
from tests.contracts.replay.test_replay import CONSUMERS, SEED, by_operation
from tests.contracts.replay.verdicts import Comparison
from tests.support.postgres import clone

ROUNDS = int(os.environ.get("REPLAY_ROUNDS", "150"))


@pytest.mark.timeout(3600)
async def test_a_live_server_samples_as_it_says(admin_dsn: str, settings: Settings, tmp_path: Path) -> None:
    dsn = await clone(admin_dsn, "impact_sampling")
    async with live(dsn, tmp_path / "home", settings[DatabaseSettings]) as server:
        recorded = await server.record(await server.callers(SEED, CONSUMERS // 4), ROUNDS)
        await server.written(None)
    # The server has ended, and has written what it had sampled.
    async with live(dsn, tmp_path / "home", settings[DatabaseSettings]) as server:
        evidence = await server.evidence()
    confidence, comparison, requests = Confidence(), Comparison(), by_operation(recorded)
    for build in builds():
        confidence.add(build, comparison.outcomes(build, evidence), requests[build.operation], evidence)
    confidence.ensure_holds(f"REPLAY_SEED={SEED}")
