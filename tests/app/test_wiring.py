"""A build that breaks a promise is noticed at the default rate, while its clients are served."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx2
import pytest

from app.main import create_app
from app.settings.loading import load_settings
from app.settings.root import Settings
from app.wiring import contract_checker
from observability import install
from observability.conformance.middleware import share
from tests.support.app import TestApp
from tests.support.exchanges import Ledger
from tests.support.waiting import PATIENCE
from versions.registry import VERSIONS

SEED, FIRST = 5, 27
"""With this seed, the first of one in a hundred is this one."""
PREFIXES = {version.name: version.prefix for version in VERSIONS}


@pytest.fixture
def checked_settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(install, "share", partial(share, seed=SEED))
    return settings


async def test_a_build_that_breaks_its_contract_is_caught(
    test_app: TestApp, checked_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("versions.kit.middleware.version.lifecycle_headers", lambda _version: {})
    checker = contract_checker(checked_settings, PREFIXES)
    assert checker is not None
    monkeypatch.setattr("app.main.contract_checker", lambda _settings, _prefixes: checker)
    building = TestApp(create_app(checked_settings), test_app.runtime)
    ledger = Ledger()
    checker.start(ledger)
    transport = httpx2.ASGITransport(app=building.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        for _ in range(FIRST):
            answer = await client.get("/api/v2/auth/providers")
            assert answer.status_code == 200
            assert "api-version" not in answer.headers
    await eventually(lambda: ledger.violations)
    await asyncio.to_thread(checker.close)
    assert checked_settings.conformance.sample_ratio == 0.01
    assert ledger.violations == {("v2", "/api/v2/auth/providers", "response", "header"): 1}


async def eventually(check: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


def test_it_is_off_when_told_so(tmp_path: Path) -> None:
    assert contract_checker(load_settings(home=tmp_path, conformance={"sample_ratio": 0}), PREFIXES) is None
