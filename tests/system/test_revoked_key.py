"""A revoked key is rejected by every worker within a second."""

from pathlib import Path

import httpx2
import pytest

from tests.support.live import Strata
from tests.support.postgres import clone
from tests.support.waiting import PATIENCE

_REQUESTS = 24
"""Each has a connection of its own, so that the kernel gives some to each worker."""


def statuses(url: str, key: str) -> set[int]:
    """The statuses of requests over new connections."""
    return {
        httpx2.get(f"{url}/api/v2/me", headers={"X-API-Key": key}, timeout=PATIENCE).status_code
        for _ in range(_REQUESTS)
    }


@pytest.fixture
async def strata(admin_dsn: str, tmp_path: Path) -> Strata:
    return Strata(tmp_path / "home", await clone(admin_dsn, "revoked"))


def test_every_worker_rejects_a_revoked_key_within_a_second(strata: Strata) -> None:
    strata.run("users", "create", "ada@example.com")
    created = strata.json("keys", "create", "ada@example.com")
    with strata.serving("--workers", "2") as url:
        assert statuses(url, created["key"]) == {200}
        strata.run("keys", "revoke", created["id"], "--yes")
        assert statuses(url, created["key"]) == {401}, "no worker caches a key: the next request is rejected"
