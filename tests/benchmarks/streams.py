"""Fan-out of events to streams: ``python -m tests.benchmarks.streams``, with ``--quick`` for fewer of both.

1,000 clients read ``GET /stream`` on two server processes. Each event is committed, relayed and announced as in the
product, and every client receives it. Measured are:

* the CPU of both servers for each delivery, in microseconds: from the commit of the first event until the last arrived;
* the memory of both servers for each open stream without events, in kB;
* the time from the commit of an event until a client has it, in milliseconds, of which one in a hundred is longer.

CPU and memory hardly depend on the load of the machine; the times do.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import asyncpg
import typer
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from app.events.audience import Audience
from app.events.metrics import EventMetrics
from app.events.recorder import EventRecorder, Subject
from app.events.relay import Relay
from app.kit.db.database import Database
from app.posts.events import PostCreated
from app.settings.database import DatabaseSettings
from observability.metrics.metrics import Metrics
from tests.benchmarks.database import add_caller, new_database
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import Processes, Readers, Server

PROCESSES: Final = 2
CLIENTS: Final = 1000
EVENTS: Final = 20
_QUICK_CLIENTS: Final = 200
_WARM_UP: Final = 20
_PATH: Final = "/api/v2/stream"
_FULL: Final = "tests.benchmarks.variants.strata:full"
_MANY: Final = {
    "STRATA_REALTIME__MAX_CONNECTIONS": "10000",
    "STRATA_RATE_LIMIT__ENABLED": "false",
}
_PREPARE: Final = "UPDATE plans SET max_streams = 10000"


class Writer:
    """Commits public events and relays them, as a request and a worker do."""

    def __init__(self, database: Database, owner: UUID) -> None:
        self._database = database
        self._owner = owner
        self._relay = Relay(database, Metrics().group(EventMetrics))

    async def write(self) -> float:
        """One event. Returns the time of its commit, on the clock that all processes of the machine share."""
        async with self._database.write() as session:
            subject = Subject(uuid7(), self._owner, 1)
            event = PostCreated(subject=subject, revision=1, status="published", audience=Audience.PUBLIC)
            EventRecorder(session, self._owner).record(event)
        committed = time.monotonic()
        await self._relay.step()
        return committed


async def deliver(writer: Writer, readers: Readers, clients: int, events: int) -> list[float]:
    """Send events one after another, and return the seconds until each arrived at each client."""
    latencies = []
    for _ in range(events):
        committed = await writer.write()
        reply = await asyncio.to_thread(readers.do, "read", deliveries=clients)
        latencies += [arrival - committed for arrival in reply["arrivals"]]
    return latencies


async def measure(
    dsn: str, key: str, servers: Sequence[Server], readers: Readers, clients: int, events: int
) -> Sequence[Figure]:
    """The three figures. Streams of the warm-up stay open and do not count."""

    async def open_streams(count: int) -> None:
        for server in servers:
            values: dict[str, Any] = {"port": server.port, "path": _PATH, "headers": {"X-API-Key": key}}
            await asyncio.to_thread(readers.do, "open", count=count // len(servers), **values)

    database = await Database.open(dsn, DatabaseSettings(url=SecretStr(dsn)))
    try:
        connection = await asyncpg.connect(dsn)
        writer = Writer(database, await connection.fetchval("SELECT uid FROM users WHERE id = 1"))
        await connection.close()
        await open_streams(_WARM_UP)
        await deliver(writer, readers, _WARM_UP, 2)
        before = sum(server.memory for server in servers)
        await open_streams(clients)
        memory = (sum(server.memory for server in servers) - before) / clients
        everybody = clients + _WARM_UP
        await deliver(writer, readers, everybody, 2)
        cpu = sum(server.cpu for server in servers)
        latencies = sorted(await deliver(writer, readers, everybody, events))
        cpu = sum(server.cpu for server in servers) - cpu
    finally:
        await database.close()
    return [
        Figure(
            f"CPU of a delivery, {clients} streams, {PROCESSES} processes", cpu / len(latencies) * 1e6, "us", at_most=60
        ),
        Figure("memory of an open stream", memory / 1000, "kB", at_most=45),
        Figure("commit to client, p99", latencies[int(0.99 * len(latencies))] * 1000, "ms", at_most=250),
    ]


async def prepare(dsn: str) -> str:
    """Add a user, and return their API key."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_PREPARE)
        key = await add_caller(connection)
    finally:
        await connection.close()
    return key


def run(dsn: str, folder: Path, clients: int, events: int) -> Sequence[Figure]:
    """Start the servers and the clients on a migrated database, and measure."""
    key = asyncio.run(prepare(dsn))
    environment = {"STRATA_HOME": str(folder), "STRATA_DATABASE__URL": dsn, "STRATA_LOG__FORMAT": "json", **_MANY}
    with Processes(folder, environment) as processes:
        generator, readers = processes.generator(), processes.readers()
        servers = [processes.serve(f"server-{number}", _FULL, {}) for number in range(PROCESSES)]
        for server in servers:
            generator.wait_for_response(server, "/health/ready", {})
        return asyncio.run(measure(dsn, key, servers, readers, clients, events))


def main(*, quick: Annotated[bool, typer.Option("--quick", help="Fewer clients and events.")] = False) -> None:
    """Print the figures. The command starts PostgreSQL with a temporary folder, and stops it at the end."""
    clients, events = (_QUICK_CLIENTS, EVENTS // 4) if quick else (CLIENTS, EVENTS)
    with new_database() as (dsn, folder):
        goals = run(dsn, folder, clients, events)
    for goal in goals:
        sys.stdout.write(f"{goal}\n")


if __name__ == "__main__":
    typer.run(main)
