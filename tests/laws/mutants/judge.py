"""The one worker of a process of the pool."""

import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.settings.loading import load_settings
from tests.laws.mutants.mutate import Mutant
from tests.laws.mutants.worker import Worker
from tests.support.limits import GENEROUS
from tests.support.postgres import clone

_workers: list[Worker] = []


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant; ``catcher`` is None when it lived."""

    mutant: Mutant
    catcher: str | None


def start(admin_dsn: str) -> None:
    """Make this process ready to judge: a database of its own, and nowhere for the application to log to."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, sys.stdout.fileno())
    dsn = asyncio.run(clone(admin_dsn, f"strata_mutants_{os.getpid()}"))
    settings = load_settings(
        home=Path(tempfile.mkdtemp(prefix="strata-mutants-")),
        auth={"logins_per_minute": 100_000},
        log={"format": "json"},
        rate_limit=GENEROUS,
    )
    _workers.append(Worker(dsn, settings))


def judge(mutant: Mutant) -> Verdict:
    """Ask the laws."""
    return Verdict(mutant, _workers[0].judge(mutant))
