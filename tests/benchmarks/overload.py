"""Overload: ``python -m tests.benchmarks.overload``, with ``--quick`` for fewer rounds.

Clients request single posts from a server with the limits of the product, at most 32 requests at once:

* a rejection / a response: the CPU of the server, on a second server that rejects everything;
* an open loop over persistent connections at the measured capacity and at twice that;
* an open loop at the capacity over the connections that the server accepts at most, while a second process opens nine
  times as many new connections as the server serves requests.

Capacity is what clients in a closed loop received a moment before. Goodput is the rate of 200 responses. Each ratio is
the median over the rounds. The machine should be idle: on a busy one, p99 is that of the machine.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import asyncpg
import typer
from rich.console import Console

from app.kit.db import migrations
from app.kit.db.embedded import EmbeddedPostgres
from tests.benchmarks.data import Data, fill
from tests.benchmarks.load import SHED, Job
from tests.benchmarks.measure import per_request
from tests.benchmarks.open_loop import Rate, Sent
from tests.benchmarks.processes import BenchmarkError, LoadGenerator, OpenLoop, Processes, Server
from tests.benchmarks.report import Goal, Ratio, goals_table
from tests.support.limits import POLICIES, set_plans

LIMIT: Final = 32
"""Requests that the server serves at once."""
CLIENTS: Final = 64
"""Connections that the server accepts; those of the open loop without a flood are not limited."""
_MANY_CLIENTS: Final = 256
_ROUNDS: Final = 9
_QUICK_ROUNDS: Final = 3
_POSTS: Final = 10_000
_DEEP_PAGE: Final = 10
_VARIANTS: Final = "tests.benchmarks.variants.strata"
_CELL: Final = ("", "GET one post")
GOALS: Final = {
    "rejection": Goal("CPU of a rejection / of a response", _CELL, _CELL, at_most=0.15),
    "goodput at twice": Goal("open loop at 2x: goodput / capacity", _CELL, _CELL, at_least=0.8),
    "p99 at twice": Goal("p99 of responses at 2x / at 1x", _CELL, _CELL, at_most=2.0),
    "goodput in a flood": Goal("open loop at 10x on new connections: goodput / capacity", _CELL, _CELL, at_least=0.7),
}


@dataclass
class Rounds:
    """The ratios of each round."""

    ratios: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in GOALS})
    attempts: list[float] = field(default_factory=list)
    """What was sent in the flood, as a multiple of the capacity."""

    def found(self) -> Sequence[Ratio]:
        """The medians with their goals."""
        medians = {name: median(values) for name, values in self.ratios.items()}
        return [
            Ratio(goal.name, goal.numerator[1], round(medians[name], 3), str(goal), goal.is_met(medians[name]))
            for name, goal in GOALS.items()
        ]


@dataclass(frozen=True)
class Stage:
    """The servers and the clients."""

    data: Data
    serving: Server
    """Serves ``LIMIT`` requests at once."""
    crowded: Server
    """The same, with ``CLIENTS`` connections."""
    rejecting: Server
    """Rejects every request to a version."""
    closed: LoadGenerator
    steady: OpenLoop
    flood: OpenLoop

    def measure(self, seconds: float) -> tuple[dict[str, float], float]:
        """One round: the ratios, and what was sent in the flood as a multiple of the capacity."""
        count = int(1000 * seconds)
        response, capacity = self._closed(self.serving, count, 200)
        rejection, _ = self._closed(self.rejecting, count, SHED)
        once = self.steady.send("requests", self._rate(self.serving, capacity, seconds, _MANY_CLIENTS))
        twice = self.steady.send("requests", self._rate(self.serving, 2 * capacity, seconds, _MANY_CLIENTS))
        _, crowded = self._closed(self.crowded, count, 200)
        steady, flood = self._flood(crowded, seconds)
        found = {
            "rejection": rejection / response,
            "goodput at twice": twice.served / capacity,
            "p99 at twice": twice.p99 / once.p99,
            "goodput in a flood": (steady.served + flood.served) / crowded,
        }
        return found, (steady.attempts + flood.attempts) / seconds / crowded

    def _closed(self, server: Server, count: int, status: int) -> tuple[float, float]:
        """Microseconds of CPU for each request, and requests per second. Raises ``BenchmarkError``."""
        before = server.cpu
        tally = self.closed.run(Job(server.port, self.data.strata_paths, self._headers, count, LIMIT))
        if set(tally.statuses) != {status}:
            message = f"{server.name}: {count} requests got the statuses {dict(tally.statuses)}"
            raise BenchmarkError(message)
        return per_request(server.cpu - before, count), count / tally.seconds

    def _flood(self, capacity: float, seconds: float) -> tuple[Sent, Sent]:
        with ThreadPoolExecutor(1) as pool:
            flood = pool.submit(self.flood.send, "connections", self._rate(self.crowded, 9 * capacity, seconds, 1))
            steady = self.steady.send("requests", self._rate(self.crowded, capacity, seconds, CLIENTS))
            return steady, flood.result()

    def _rate(self, server: Server, rate: float, seconds: float, connections: int) -> Rate:
        return Rate(server.port, self.data.strata_paths, self._headers, rate, seconds, connections)

    @property
    def _headers(self) -> dict[str, str]:
        return {"X-API-Key": self.data.key}


def run(data: Data, home: Path, rounds: int, seconds: float) -> Rounds:
    """Start the servers and the clients on a database that is filled, and measure."""
    asyncio.run(_allow_many_requests(data.dsn))
    environment = {
        "STRATA_HOME": str(home),
        "STRATA_DATABASE__URL": data.dsn,
        "STRATA_LOG__FORMAT": "json",
        "STRATA_HTTP__MAX_CONCURRENT_REQUESTS": str(LIMIT),
    }
    crowded = {"STRATA_HTTP__MAX_CONNECTIONS": str(CLIENTS)}
    with Processes(home, environment) as processes:
        stage = Stage(
            data,
            processes.serve("serving", f"{_VARIANTS}:served_full", {}, limits=True),
            processes.serve("crowded", f"{_VARIANTS}:served_full", crowded, limits=True),
            processes.serve("rejecting", f"{_VARIANTS}:served_rejecting", {}, limits=True),
            processes.generator(),
            processes.open_loop(),
            processes.open_loop(),
        )
        for server in (stage.serving, stage.crowded, stage.rejecting):
            stage.closed.wait_for_response(server, "/health/ready", {})
        found = Rounds()
        for number in range(rounds + 1):
            ratios, attempts = stage.measure(seconds)
            if number:
                # The first one warms up.
                found.attempts.append(attempts)
                for name, value in ratios.items():
                    found.ratios[name].append(value)
        return found


async def _allow_many_requests(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(set_plans(POLICIES))
    finally:
        await connection.close()


def main(*, quick: Annotated[bool, typer.Option("--quick", help="Fewer rounds: rougher ratios.")] = False) -> None:
    """Print the ratios. The command starts PostgreSQL with a temporary folder, and stops it at the end."""
    for name in [name for name in os.environ if name.startswith("STRATA_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="strata-overload-") as folder:
        home = Path(folder)
        server = EmbeddedPostgres(home, durable=False)
        try:
            server.start()
            migrations.upgrade(server.dsn())
            data = asyncio.run(fill(server.dsn(), home, _POSTS, _DEEP_PAGE))
            found = run(data, home, _QUICK_ROUNDS if quick else _ROUNDS, 1 if quick else 3)
        finally:
            server.destroy()
    caption = f"In the flood, clients sent {median(found.attempts):.1f} times as much as the capacity."
    Console(highlight=False, width=None if sys.stdout.isatty() else 120).print(goals_table(found.found(), caption))


if __name__ == "__main__":
    typer.run(main)
