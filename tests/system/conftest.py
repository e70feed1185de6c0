"""Homes for ``strata up`` runs, and the removal of processes that a test left behind."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.kit.db.embedded import EmbeddedPostgres
from tests.support.live import Strata
from tests.support.strata_up import processes_of


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[..., Strata]]:
    """Creates commands with separate homes; their processes and data are removed after the test."""
    homes: list[Path] = []

    def make(name: str = "home", **variables: str) -> Strata:
        home = tmp_path / name
        homes.append(home)
        return Strata(home, **variables)

    yield make
    for home in homes:
        for pid in processes_of(home):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        EmbeddedPostgres(home).destroy()
