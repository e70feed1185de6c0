"""The worker of a process in the pool."""

import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.settings.loading import load_settings
from tests.mutants.mutate import Mutant
from tests.mutants.worker import Worker
from tests.support.limits import GENEROUS
from tests.support.postgres import clone

_workers: list[Worker] = []


@dataclass(frozen=True)
class MutantResult:
    """A mutant and the name of the law that caught it; None if it survived."""

    mutant: Mutant
    catcher: str | None


def start(admin_dsn: str) -> None:
    """Give this process a database of its own, and discard the logs of the application."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    dsn = asyncio.run(clone(admin_dsn, f"strata_mutants_{os.getpid()}"))
    settings = load_settings(
        home=Path(tempfile.mkdtemp(prefix="strata-mutants-")),
        auth={"logins_per_minute": 100_000},
        log={"format": "json"},
        rate_limit=GENEROUS,
    )
    _workers.append(Worker(dsn, settings))


def run_laws(mutant: Mutant) -> MutantResult:
    """Run the laws against a mutant."""
    return MutantResult(mutant, _workers[0].run_laws(mutant))
