"""Homes for real ``strata up`` runs, and the end of whatever a test left behind."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.db.embedded import EmbeddedPostgres
from tests.support.live import Strata


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[..., Strata]]:
    """Makes a command with a home of its own, whose server goes with the test."""
    homes: list[Path] = []

    def make(name: str = "home", **variables: str) -> Strata:
        home = tmp_path / name
        homes.append(home)
        return Strata(home, **variables)

    yield make
    for home in homes:
        if home.exists():
            EmbeddedPostgres(home).destroy()
