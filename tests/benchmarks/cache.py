"""The response cache: ``python -m tests.benchmarks.cache``, with ``--quick`` for fewer rounds.

Anonymous clients read the first page of posts and the first page of a search, from servers without a cache, with one in
memory and with one in Redis, all with the default time of one second. Rounds are interleaved. Measured is the CPU of
each server per request, as a ratio to the server without a cache, and the share of the requests that found a response
or waited for an equal request. All servers count rate limits in Redis. Without the program ``redis-server``, the server
with Redis is left out, and rate limits are counted in memory.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from app.kit.db import migrations
from app.kit.db.embedded import EmbeddedPostgres
from tests.benchmarks.data import LIST, PAGE, fill
from tests.benchmarks.measure import Effort, measure, start
from tests.benchmarks.plan import PAGE_OF_20, Variant, Workload
from tests.benchmarks.processes import Processes, Server
from tests.benchmarks.report import Goal, Ratio, goals_table, ratios
from tests.support.redis import REDIS_URL, running_redis
from tests.support.scrape import Scrape

NONE: Final = "none"
MEMORY: Final = "memory"
REDIS: Final = "redis"
SEARCH: Final = "search"
_FACTOR: Final = 1.5
"""What a cache must gain to be kept."""
_POSTS: Final = 10_000
_DEEP_PAGE: Final = 10
_NORMAL: Final = Effort(rounds=15, share=0.25)
_QUICK: Final = Effort(rounds=5, share=0.2)
_WORKLOADS: Final = {
    PAGE_OF_20: Workload([f"{LIST}?limit={PAGE}"], 1200),
    SEARCH: Workload(["/api/v2/search/posts?q=canyon"], 400),
}
_SERVED: Final = "tests.benchmarks.variants.strata:served_full"
_VARIABLES: Final = {
    "STRATA_LOG__FORMAT": "json",
    # The limit by day is counted over all servers together.
    "STRATA_RATE_LIMIT__ANONYMOUS": '{"burst":"1000000/minute","daily":"1000000/day"}',
}


def run(dsn: str, home: Path, redis: str | None, effort: Effort) -> tuple[Sequence[Ratio], Mapping[str, float]]:
    """The ratios, and the share of requests that the database did not see, by backend."""
    backends = [NONE, MEMORY] if redis is None else [NONE, MEMORY, REDIS]
    variants = [Variant(name, _SERVED, _WORKLOADS, {}, {"STRATA_CACHE__BACKEND": name}) for name in backends]
    environment = {"STRATA_HOME": str(home), "STRATA_DATABASE__URL": dsn, **_VARIABLES}
    if redis is not None:
        environment[REDIS_URL] = redis
    with Processes(home, environment) as processes:
        generator = processes.generator()
        servers = start(processes, variants, generator)
        results = measure(servers, variants, generator, effort, lambda _: None)
        shares = {name: _share(servers[name]) for name in backends if name != NONE}
    goals = [
        Goal(f"CPU without a cache / with {name}", (NONE, workload), (name, workload), at_least=_FACTOR)
        for name in shares
        for workload in _WORKLOADS
    ]
    return ratios(results, goals), shares


def _share(server: Server) -> float:
    scrape = Scrape.of(f"http://127.0.0.1:{server.port}")
    name = "response_cache_lookups_total"
    return 1 - scrape.sum(name, outcome="miss") / scrape.sum(name)


@contextmanager
def _redis(home: Path) -> Iterator[str | None]:
    with ExitStack() as stack:
        found = shutil.which("redis-server")
        yield None if found is None else stack.enter_context(running_redis(home / "redis")).url


def main(*, quick: Annotated[bool, typer.Option("--quick", help="Fewer rounds: rougher ratios.")] = False) -> None:
    """Print the ratios. The command starts PostgreSQL and Redis with a temporary folder, and stops them at the end."""
    for name in [name for name in os.environ if name.startswith("STRATA_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="strata-cache-") as folder:
        home = Path(folder)
        server = EmbeddedPostgres(home, durable=False)
        try:
            server.start()
            migrations.upgrade(server.dsn())
            asyncio.run(fill(server.dsn(), home, _POSTS, _DEEP_PAGE))
            with _redis(home) as redis:
                found, shares = run(server.dsn(), home, redis, _QUICK if quick else _NORMAL)
        finally:
            server.destroy()
    caption = ", ".join(f"{name}: {share:.1%} of the requests read nothing" for name, share in shares.items())
    Console(highlight=False, width=None if sys.stdout.isatty() else 120).print(goals_table(found, caption))


if __name__ == "__main__":
    typer.run(main)
