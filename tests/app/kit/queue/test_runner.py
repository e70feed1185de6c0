"""The runner of the queue: reconnects with growing delays, and raises what no new connection resolves."""

import asyncio
import logging
import tempfile
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pgqueuer import PgQueuer
from pgqueuer.errors import FailingListenerError
from structlog.testing import capture_logs

from app.kit.queue import runner
from app.kit.queue.metrics import JobMetrics
from app.kit.queue.runner import OutageFilter, QueueRunner, RunnerSettings, TerminatingDriver
from observability.metrics.metrics import Metrics
from tests.support.database_proxy import database_proxy
from tests.support.waiting import PATIENCE


def runner_of(dsn: str, register: Any = lambda _queue: None) -> QueueRunner:
    settings = RunnerSettings(dsn=dsn, connect_timeout=0.3, statement_timeout=5, heartbeat=5, concurrency=4)
    return QueueRunner(settings, register, JobMetrics(Metrics()))


async def test_the_delays_grow_while_the_server_hangs_or_is_gone(database_dsn: str) -> None:
    with tempfile.TemporaryDirectory(prefix="strata-proxy-") as folder:
        async with database_proxy(database_dsn, Path(folder)) as proxy:
            stop = asyncio.Event()
            with capture_logs() as logs:
                proxy.hang()
                running = asyncio.create_task(runner_of(proxy.dsn).run(stop))
                await wait_for(logs, "worker_disconnected", 2)
                await proxy.stop()
                await wait_for(logs, "worker_disconnected", 4)
                proxy.resume()
                await proxy.start()
                await wait_for(logs, "worker_connected", 1)
            stop.set()
            await asyncio.wait_for(running, PATIENCE)
    lost = [line for line in logs if line["event"] == "worker_disconnected"]
    assert failures(logs) == list(range(1, len(lost) + 1))
    assert lost[0]["retry_in"] < lost[2]["retry_in"]


async def test_failures_after_a_stable_connection_are_one_series(
    database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_STABLE_SECONDS", 0.0)
    with tempfile.TemporaryDirectory(prefix="strata-proxy-") as folder:
        async with database_proxy(database_dsn, Path(folder)) as proxy:
            stop = asyncio.Event()
            with capture_logs() as logs:
                running = asyncio.create_task(runner_of(proxy.dsn).run(stop))
                await wait_for(logs, "worker_connected", 1)
                # A busy machine may have needed more than one attempt.
                earlier = len(failures(logs))
                await proxy.stop()
                await wait_for(logs, "worker_disconnected", earlier + 3)
            stop.set()
            await asyncio.wait_for(running, PATIENCE)
    assert failures(logs)[earlier : earlier + 3] == [1, 2, 3]


async def test_a_connection_on_which_a_notification_gets_no_reply_is_terminated(database_dsn: str) -> None:
    with tempfile.TemporaryDirectory(prefix="strata-proxy-") as folder:
        async with database_proxy(database_dsn, Path(folder)) as proxy:
            connection = await asyncpg.connect(proxy.dsn, command_timeout=0.2)
            proxy.hang()
            with pytest.raises(TimeoutError):
                await TerminatingDriver(connection).notify("channel", "text")
            assert connection.is_closed()
            proxy.resume()


@pytest.mark.parametrize("error", [FailingListenerError(), asyncpg.QueryCanceledError(), ConnectionResetError()])
async def test_errors_that_a_new_connection_may_resolve_end_no_runner_and_leave_nothing(
    database_dsn: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    stop, errors = asyncio.Event(), [error]

    async def work(_queue: PgQueuer, **_options: Any) -> None:
        if errors:
            raise errors.pop()
        stop.set()

    monkeypatch.setattr(PgQueuer, "run", work)
    before = asyncio.all_tasks()
    with capture_logs() as logs:
        await asyncio.wait_for(runner_of(database_dsn).run(stop), PATIENCE)
    assert [line["reason"] for line in logs if line["event"] == "worker_disconnected"] == [type(error).__name__]
    await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before


def test_a_worker_is_back_soon_after_the_database() -> None:
    assert runner._BACKOFF.delay(0) < 1
    assert runner._BACKOFF.delay(1000) < 10


def test_a_runner_shortens_what_pgqueuer_logs_about_outages(monkeypatch: pytest.MonkeyPatch) -> None:
    logger = logging.getLogger("pgqueuer")
    monkeypatch.setattr(logger, "filters", [])
    runner_of("postgresql://nowhere")
    assert [type(each) for each in logger.filters] == [OutageFilter]


@pytest.mark.parametrize("method", ["fetch", "execute"])
async def test_a_connection_is_terminated_after_a_statement_without_a_reply_and_no_other_error(
    database_dsn: str, method: str
) -> None:
    connection = await asyncpg.connect(database_dsn, command_timeout=0.2)
    run = getattr(TerminatingDriver(connection), method)
    with pytest.raises(asyncpg.UndefinedTableError):
        await run("SELECT 1 FROM no_such_table")
    assert not connection.is_closed()
    with pytest.raises(TimeoutError):
        await run("SELECT pg_sleep(60)")
    assert connection.is_closed()


def failures(logs: list[Any]) -> list[int]:
    return [line["failures"] for line in logs if line["event"] == "worker_disconnected"]


async def wait_for(logs: list[Any], event: str, times: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while [line["event"] for line in logs].count(event) < times:  # noqa: ASYNC110 - logs are collected in a list
            await asyncio.sleep(0.02)


async def test_a_defect_ends_the_runner(database_dsn: str) -> None:
    def register(_queue: PgQueuer) -> None:
        message = "a defect"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="a defect"):
        await asyncio.wait_for(runner_of(database_dsn, register).run(asyncio.Event()), PATIENCE)


async def test_a_cancellation_that_becomes_an_error_of_the_connection_ends_the_runner(
    database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, stop = asyncio.Event(), asyncio.Event()

    async def work(_queue: PgQueuer, **_options: Any) -> None:
        begun.set()
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError as error:
            raise ConnectionResetError from error

    monkeypatch.setattr(PgQueuer, "run", work)
    running = asyncio.create_task(runner_of(database_dsn).run(stop))
    await asyncio.wait_for(begun.wait(), PATIENCE)
    running.cancel()
    await asyncio.wait({running}, timeout=PATIENCE)
    stop.set()
    await asyncio.wait({running})
    assert running.cancelled()


@pytest.mark.parametrize(("error", "traceback"), [(ConnectionResetError(), False), (ValueError(), True)])
def test_errors_of_an_outage_have_no_traceback(error: Exception, *, traceback: bool) -> None:
    record = logging.LogRecord("pgqueuer", logging.ERROR, "", 1, "Flush failed", None, (type(error), error, None))
    assert OutageFilter().filter(record)
    assert (record.exc_info is not None) is traceback
    assert record.levelno == (logging.ERROR if traceback else logging.WARNING)


async def test_the_end_of_a_connection_is_noticed_without_a_poll(
    database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, polling = asyncio.Event(), asyncio.Event()

    async def work(queue: PgQueuer, **_options: Any) -> None:
        if polling.is_set():
            stop.set()
            return
        polling.set()
        await queue.shutdown.wait()

    monkeypatch.setattr(PgQueuer, "run", work)
    running = asyncio.create_task(runner_of(database_dsn).run(stop))
    await asyncio.wait_for(polling.wait(), PATIENCE)
    server = await asyncpg.connect(database_dsn)
    await server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = $1 AND datname = current_database()",
        runner.APPLICATION_NAME,
    )
    await server.close()
    await asyncio.wait_for(running, PATIENCE)
