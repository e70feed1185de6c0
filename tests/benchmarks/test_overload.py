"""The benchmark of overload sends what is due, whatever the server does, and rejects where it should."""

import asyncio
from pathlib import Path

import pytest

from tests.benchmarks.data import fill
from tests.benchmarks.open_loop import Rate, Sent, send_requests
from tests.benchmarks.overload import GOALS, run
from tests.support.postgres import clone, owner_dsn


async def test_every_ratio_is_measured(admin_dsn: str, tmp_path: Path) -> None:
    dsn = owner_dsn(await clone(admin_dsn, "bench_overload"))
    data = await fill(dsn, tmp_path, 40, 2)
    found = await asyncio.to_thread(run, data, tmp_path, 1, 0.3)
    assert {name: len(values) for name, values in found.ratios.items()} == dict.fromkeys(GOALS, 1)
    assert all(values[0] > 0 for values in found.ratios.values())
    assert found.attempts[0] > 1
    assert [ratio.name for ratio in found.found()] == [goal.name for goal in GOALS.values()]


async def test_a_request_is_late_from_when_it_was_due() -> None:
    """One connection, and a server that takes 50 ms for each response: the last request waits for all others."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            await asyncio.sleep(0.05)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sent = await send_requests(Rate(port, ["/"], {}, rate=100, seconds=1))
    server.close()
    assert sent.attempts > 2 * sent.statuses[200] > 0, "more were due than were served"
    assert sent.p99 > sent.latencies[0] + 0.1


def test_the_figures_of_a_job() -> None:
    sent = Sent(seconds=2.0)
    for status in (200, 503, 200):
        sent.record(f"HTTP/1.1 {status} \r\n".encode(), 0.0)
    assert (sent.served, sent.statuses[503], len(sent.latencies)) == (1.0, 1, 2)
    with pytest.raises(ValueError, match="invalid literal"):
        sent.record(b"", 0.0)
