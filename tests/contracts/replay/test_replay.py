"""Every verdict is that of a replay: requests of many consumers to a live server, and builds changed for real.

`REPLAY_SEED` repeats a run, `REPLAY_CONSUMERS` sets the number of consumers.
"""

import os
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from app.settings.database import DatabaseSettings
from app.settings.root import Settings
from tests.contracts.replay.builds import Build
from tests.contracts.replay.changes import builds
from tests.contracts.replay.consumers import JSON
from tests.contracts.replay.live import live
from tests.contracts.replay.recording import Recorded
from tests.contracts.replay.shrinking import Shrinker
from tests.contracts.replay.verdicts import Comparison, differences
from tests.support.postgres import clone
from versions.registry import VERSIONS

SEED = int(os.environ.get("REPLAY_SEED") or Random().getrandbits(32))  # noqa: S311 - a seed
CONSUMERS = int(os.environ.get("REPLAY_CONSUMERS", "200"))
MOST_SHRUNK = 5
FULL = {
    "STRATA_USAGE__FIRST_SAMPLES": "0",
    "STRATA_USAGE__SAMPLE_RATIO": "1",
    "STRATA_USAGE__MAX_SAMPLES_PER_SECOND": "1000000",
    "STRATA_USAGE__MAX_WAITING": "1000000",
}
ByOperation = Mapping[tuple[str, str], Sequence[Recorded]]


def by_operation(recorded: Sequence[Recorded]) -> ByOperation:
    found: dict[tuple[str, str], list[Recorded]] = defaultdict(list)
    for one in recorded:
        found[one.operation].append(one)
    return found


def text_of(build: Build, why: str, requests: Sequence[Recorded]) -> str:
    lines = [f"{one.method} {one.path} {one.query} {one.headers} {one.body} reads {one.reads}" for one in requests]
    return "\n    ".join([f"{build.name}: {requests[0].consumer or 'anonymous callers'} {why}", *lines[:3]])


@pytest.mark.timeout(1800)
async def test_verdicts_are_those_of_the_replay(admin_dsn: str, settings: Settings, tmp_path: Path) -> None:
    sys.stdout.write(f"REPLAY_SEED={SEED} REPLAY_CONSUMERS={CONSUMERS}\n")
    dsn = await clone(admin_dsn, "impact_replay")
    comparison, every = Comparison(), list(builds())
    wrong: list[tuple[Build, str, list[Recorded]]] = []
    affected = 0
    async with live(dsn, tmp_path / "home", settings[DatabaseSettings], **FULL) as server:
        recorded = await server.record(await server.callers(SEED, CONSUMERS))
        await server.written(len(recorded))
        evidence = await server.evidence()
        replayed = by_operation(await server.replay(recorded))
        for build in every:
            requests = replayed[build.operation]
            affected += any(map(build.breaks, requests))
            found = differences(build, comparison.outcomes(build, evidence), requests)
            wrong += [(build, why, [one for one in requests if one.consumer == name]) for name, why in found.items()]
        shrinker = Shrinker(comparison, server.accept)
        reasons = [
            text_of(build, why, await shrinker.shrink(build, requests)) for build, why, requests in wrong[:MOST_SHRUNK]
        ]
    assert len(every) >= 40
    assert affected >= len(every) * 0.6, "the habits touch most changes"
    assert not wrong, f"REPLAY_SEED={SEED}: {len(wrong)} differences\n" + "\n".join(reasons)


async def test_a_difference_shrinks_to_one_request() -> None:
    """A build that rejects more than its document says."""
    build = next(one for one in builds() if one.name == "create: title of 100")
    stricter = Build(build.name, build.version, build.operation, build.edit, lambda one: len(one.body["title"]) > 50)
    headers = (("Content-Type", JSON), ("Idempotency-Key", "1"), ("X-API-Key", "k"))
    bodies: list[dict[str, Any]] = [
        {"title": "t" * length, "content": "c" * 30, "status": "draft", "attachments": []} for length in (3, 90, 80, 40)
    ]
    requests = [Recorded("ada", *build.operation, (("q", "x"),), headers, body) for body in bodies]

    async def accept(one: Recorded) -> Recorded | None:
        return one if {"title", "content"} <= one.names and one.header("content-type") else None

    (found,) = await Shrinker(Comparison(), accept).shrink(stricter, requests)
    assert (found.query, found.headers) == ((), (headers[0], headers[2]))
    assert found.body == {"title": "t" * 51, "content": ""}


def test_the_changes_are_of_both_styles_of_versions() -> None:
    assert {build.version for build in builds()} == {VERSIONS[0].name, VERSIONS[-1].name}
