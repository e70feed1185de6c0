"""The benchmarks send the given number of requests, measure CPU time and compute the ratios correctly."""

import asyncio
import dataclasses
import os
import socket
import time
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from app.http.runtime import Runtime
from app.kit.db.database import Database
from app.main import create_app
from app.settings.database import DatabaseSettings
from app.settings.root import Settings
from tests.benchmarks import plan, report
from tests.benchmarks.cpu import cpu_seconds, ticks
from tests.benchmarks.data import PAGE, Data, fill
from tests.benchmarks.load import Job, drive
from tests.benchmarks.measure import Effort, Measurement, measure, per_request, start, steps
from tests.benchmarks.plan import (
    ADMITTED,
    BARE,
    CHECKED,
    DEEP,
    FASTIFY,
    FEW,
    FULL,
    LIMITED,
    LITESTAR,
    MANY,
    NAIVE,
    OLDEST_ONE,
    ONE,
    OTHER,
    PAGE_OF_20,
    POSTING,
    RAW,
    ROUTE,
    TRANSFERRING,
    TUTORIAL,
    TWICE,
    UNCHECKED,
    UNOBSERVED,
    WRITING,
)
from tests.benchmarks.processes import BenchmarkError, Processes
from tests.benchmarks.variants import strata
from tests.support.app import TestApp
from tests.support.postgres import clone

NO_DATA = Data("", "", [], [], [], "", 0, [])
TINY = Effort(rounds=2, share=0.04)


def test_ticks_follow_any_command_name() -> None:
    stat = "42 (a ) (b) S 1 42 42 0 -1 4194560 100 0 0 0 150 30 7 9 20 0 1 0 500 1000 200 1844"
    assert ticks(stat) == 180


def test_cpu_time_belongs_to_the_process() -> None:
    before, started = cpu_seconds(os.getpid()), time.process_time()
    while time.process_time() - started < 0.1:
        sum(range(1000))
    assert 0.08 <= cpu_seconds(os.getpid()) - before < 10


def test_cpu_per_request() -> None:
    assert per_request(0.5, 2000) == 250


def test_ratios_of_known_numbers() -> None:
    cpu = {
        (RAW, ONE): 100.0,
        (TUTORIAL, ONE): 1600.0,
        (NAIVE, ONE): 2000.0,
        (FULL, ONE): 400.0,
        (BARE, ONE): 200.0,
        (RAW, PAGE_OF_20): 100.0,
        (TUTORIAL, PAGE_OF_20): 400.0,
        (NAIVE, PAGE_OF_20): 500.0,
        (FULL, PAGE_OF_20): 400.0,
        (FULL, OLDEST_ONE): 560.0,
        (CHECKED, ONE): 424.0,
        (UNCHECKED, ONE): 400.0,
        (CHECKED, PAGE_OF_20): 480.0,
        (UNCHECKED, PAGE_OF_20): 400.0,
        (UNOBSERVED, ONE): 320.0,
        (UNOBSERVED, PAGE_OF_20): 400.0,
        (LITESTAR, ONE): 800.0,
        (LITESTAR, PAGE_OF_20): 2000.0,
        (FASTIFY, ONE): 1000.0,
        (FASTIFY, PAGE_OF_20): 1000.0,
        (FULL, DEEP): 440.0,
        (FEW, ROUTE): 100.0,
        (MANY, ROUTE): 120.0,
    }
    # A factor on both sides of a round has no effect; the median ignores the round with one disturbed side.
    results = {cell: Measurement(cpu=[value, value * 9, value * 3], p99=[1, 1, 1]) for cell, value in cpu.items()}
    results[FULL, ONE].cpu[0] *= 7
    results[LIMITED, ADMITTED] = Measurement(cpu=[1, 1, 1], p99=[10, 30, 90])
    results[LIMITED, TWICE] = Measurement(cpu=[1, 1, 1], p99=[25, 75, 1])
    results[WRITING, POSTING] = Measurement(rate=[10, 30, 90])
    results[WRITING, TRANSFERRING] = Measurement(rate=[9, 21, 45])
    found = [(ratio.value, ratio.met) for ratio in report.ratios(results)]
    assert found == [
        (0.25, True),
        (1.0, False),
        (0.2, False),
        (0.8, False),
        (0.25, False),
        (0.25, False),
        (0.5, False),
        (0.2, True),
        (0.4, True),
        (0.4, True),
        (2.0, False),
        (1.4, True),
        (1.06, True),
        (1.2, False),
        (1.25, False),
        (1.0, True),
        (1.2, False),
        (2.5, False),
        (0.7, False),
        (1.1, True),
    ]
    assert report.goals_table(report.ratios(results), "").row_count == len(found)


def test_the_cost_of_a_layer_is_its_share_of_the_whole() -> None:
    results = {(FULL, ONE): Measurement([400.0], [1]), ("AccessLog", ONE): Measurement([300.0], [1])}
    assert report.layer_costs(results, ["AccessLog", "Needed"]) == {"AccessLog": 0.25, "Needed": None}


def test_every_goal_has_its_cells() -> None:
    planned = {(variant.name, workload) for variant in plan.comparison(NO_DATA) for workload in variant.workloads}
    assert {cell for goal in report.GOALS for cell in (goal.numerator, goal.denominator, goal.minus) if cell} == planned


async def test_the_load_generator_sends_the_requested_number_of_requests() -> None:
    received = []

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.read(4096):
            received.append(head.split(b" ")[1])
            writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhel")
            await writer.drain()
            writer.write(b"lo")
        writer.close()

    async with await asyncio.start_server(respond, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        tally = await drive(Job(port, ["/a", "/b"], {}, count=50, connections=4))
    assert (tally.statuses, len(tally.latencies)) == ({201: 50}, 50)
    assert received.count(b"/a") == received.count(b"/b") == 25
    assert 0 < tally.percentile(0.5) <= tally.percentile(0.99)


async def test_a_closed_connection_is_an_error() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        with pytest.raises(ConnectionError):
            await drive(Job(server.sockets[0].getsockname()[1], ["/"], {}, count=5, connections=1))


def test_two_variants_are_measured_in_turn(tmp_path: Path) -> None:
    variants = [variant for variant in plan.comparison(NO_DATA) if variant.name in {FEW, MANY}]
    descriptions: list[str] = []
    with Processes(tmp_path, {}) as processes:
        generator = processes.generator()
        servers = start(processes, variants, generator)
        results = measure(servers, variants, generator, TINY, descriptions.append)
        lost = dataclasses.replace(variants[0], workloads={ROUTE: plan.Workload(["/nowhere"], 1)})
        with pytest.raises(BenchmarkError, match="got the statuses"):
            measure(servers, [lost], generator, TINY, descriptions.append)
        ports = [server.port for server in servers.values()]
    assert {cell: len(measurement.cpu) for cell, measurement in results.items()} == {(FEW, ROUTE): 2, (MANY, ROUTE): 2}
    assert all(measurement.value > 0 for measurement in results.values())
    assert descriptions[: steps(variants, TINY)].count(f"{MANY}: {ROUTE}") == 3
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0, "a server outlives the run"


async def test_every_path_exists_with_and_without_layers(
    admin_dsn: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = await clone(admin_dsn, "harness")
    data = await fill(dsn, settings.home, posts=10 * PAGE, deep_page=5)
    database = await Database.open(dsn, settings[DatabaseSettings])
    names = strata.layers(create_app(settings))
    monkeypatch.setenv("STRATA_HOME", str(settings.home))
    monkeypatch.setenv("STRATA_LOG__FORMAT", "json")
    monkeypatch.setenv(strata.WITHOUT, "AccessLog")
    apps = [strata.full(), strata.bare(), strata.without()]
    try:
        for app in apps:
            # Not TestApp.client(): without layers, headers of the contract are missing.
            transport = httpx2.ASGITransport(app=TestApp(app, Runtime.build(settings, database)).app)
            headers = {"X-API-Key": data.key}
            async with httpx2.AsyncClient(transport=transport, base_url="http://x", headers=headers) as client:
                deep = (await client.get(data.deep_path)).json()
                assert [post["v1_id"] for post in deep["data"]] == list(range(6 * PAGE, 5 * PAGE, -1))
                assert (await client.get(data.strata_paths[0])).status_code == 200
                key = {"Idempotency-Key": f'"{uuid4()}"', "Content-Type": "application/json"}
                paid = await client.post("/api/v2/transfers", content=data.transfers[0], headers=key)
                assert paid.status_code == 201
    finally:
        await database.close()
    full, bare, without = apps
    assert strata.layers(full) == names
    assert [layer.cls for layer in bare.user_middleware] == [strata.AdmitAllMiddleware, strata.SharedContextMiddleware]
    assert strata.layers(without) == [name for name in names if name != "AccessLog"]


def test_another_checkout_is_served_from_its_folder(tmp_path: Path) -> None:
    here, there = plan.against(NO_DATA, tmp_path)
    assert (here.name, there.name) == (FULL, OTHER)
    assert (here.root, there.root) == (plan.ROOT, tmp_path)
    assert here.workloads == there.workloads
    cells = {(name, workload): Measurement(cpu=cpu) for name, cpu in ((FULL, [2.0, 3.0, 9.0]), (OTHER, [2.0, 2.0, 3.0]))
             for workload in (ONE, PAGE_OF_20)}  # fmt: skip
    assert [(ratio.value, ratio.met) for ratio in report.ratios(cells, report.AGAINST_GOALS)] == [(1.5, False)] * 2


@pytest.mark.parametrize(("value", "met"), [(0.8, True), (1.0, True), (1.03, True), (1.04, False)])
def test_a_checkout_may_not_be_slower_than_another_one(value: float, *, met: bool) -> None:
    for goal in report.AGAINST_GOALS:
        assert (str(goal), goal.is_met(value)) == ("<= 1.03", met)
