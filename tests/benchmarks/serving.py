"""Processes that serve: ``python -m tests.benchmarks.serving``, with ``--requests`` for another number of requests.

Measures how long ``strata serve`` takes until its first response, how the throughput and the CPU per request change
with the number of worker processes, and how the memory of a worker grows while 100,000 API keys send 1,000,000
requests. Throughput depends on the machine, whose cores the load generator and PostgreSQL share with the workers.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from tests.benchmarks.data import LIST, PAGE
from tests.benchmarks.database import new_database
from tests.benchmarks.figures import Figure
from tests.benchmarks.keys import fill
from tests.benchmarks.load import Job
from tests.benchmarks.measure import per_request
from tests.benchmarks.plan import CONNECTIONS
from tests.benchmarks.processes import LoadGenerator, Processes, Server

WORKERS: Final = (1, 2, 4)
_STARTS: Final = 5
_KEYS: Final = 100_000
_SHARE: Final = 0.02
"""The part of the requests that the throughput is measured with."""
_ROUND: Final = 20_000
"""Requests of one job of the load generator."""
_WARM: Final = 0.2
"""The share of the requests after which the tables of a worker should have their final size."""
_GROWTH: Final = 1.05


def start_seconds(processes: Processes, generator: LoadGenerator) -> float:
    """The median time from the start of the command to its first response."""
    found = []
    for _ in range(_STARTS):
        started = time.perf_counter()
        server = _serve(processes, generator, 1)
        found.append(time.perf_counter() - started)
        server.stop()
    return statistics.median(found)


def throughput(
    processes: Processes, generator: LoadGenerator, keys: Sequence[str], requests: int
) -> Iterator[tuple[int, float, float]]:
    """For each number of workers: requests a second, and microseconds of CPU per request."""
    for workers in WORKERS:
        server = _serve(processes, generator, workers)
        # The first job warms the workers up.
        for job in [_job(server, keys, requests)] * 2:
            before = server.cpu
            seconds = generator.run(job).seconds
            cpu = per_request(server.cpu - before, requests)
        server.stop()
        yield workers, requests / seconds, cpu


def memory(processes: Processes, generator: LoadGenerator, keys: Sequence[str], requests: int) -> tuple[float, float]:
    """The resident memory of a worker in MB when it is warm, and after all requests, which the keys send in turn."""
    server = _serve(processes, generator, 1)
    sizes = []
    for start in range(0, requests, _ROUND):
        count = min(_ROUND, requests - start)
        turn = [keys[number % len(keys)] for number in range(start, start + count)]
        generator.run(_job(server, turn, count))
        sizes.append(server.memory / 1e6)
    server.stop()
    return sizes[int(len(sizes) * _WARM)], sizes[-1]


def _serve(processes: Processes, generator: LoadGenerator, workers: int) -> Server:
    server = processes.strata(workers)
    generator.wait_for_response(server, "/health/ready", {})
    return server


def _job(server: Server, keys: Sequence[str], count: int) -> Job:
    return Job(server.port, [f"{LIST}?limit={PAGE}"], {}, count, CONNECTIONS, seconds=600, keys=list(keys[:count]))


def run(dsn: str, folder: Path, keys: int, requests: int) -> Iterator[Figure]:
    """The figures, each as soon as it is measured, on a migrated database."""
    texts = asyncio.run(fill(dsn, keys))
    environment = {"STRATA_HOME": str(folder), "STRATA_DATABASE__URL": dsn, "STRATA_LOG__FORMAT": "json"}
    with Processes(folder, environment) as processes:
        generator = processes.generator()
        yield Figure("start of `strata serve` until its first response", start_seconds(processes, generator), "s")
        for workers, rate, cpu in throughput(processes, generator, texts, int(requests * _SHARE)):
            yield Figure(f"{workers} workers: requests a second", rate)
            yield Figure(f"{workers} workers: CPU per request", cpu, "us")
        warm, last = memory(processes, generator, texts, requests)
        yield Figure(f"memory of a worker after {int(requests * _WARM):,} requests of {keys:,} keys", warm, "MB")
        yield Figure(f"memory after {requests:,} requests / that", last / warm, at_most=_GROWTH)


def main(
    requests: Annotated[int, typer.Option(min=1000, help="Requests of the measurement of memory.")] = 1_000_000,
    keys: Annotated[int, typer.Option(min=1, help="API keys that send them.")] = _KEYS,
) -> None:
    """Print the figures. The command starts PostgreSQL with a temporary folder, and stops it at the end."""
    with new_database() as (dsn, folder):
        for figure in run(dsn, folder, keys, requests):
            sys.stdout.write(f"{figure}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    typer.run(main)
