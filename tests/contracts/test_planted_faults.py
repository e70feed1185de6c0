"""Schemathesis finds every planted fault of a faulty build, and reports nothing else."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from pydantic import SecretStr
from starlette.types import ASGIApp

from app.access.principal import Role
from app.http.runtime import Runtime
from app.kit.db.database import Database
from app.main import create_app
from app.settings.database import DatabaseSettings
from app.settings.log import LogSettings
from app.settings.root import Settings
from tests.conformance.callers import in_both_headers
from tests.conformance.faults import CHAIN, DELETED_POST_SHOWN, EXAMINED, FAULTS, UNEXPLAINED, Faulty
from tests.conformance.outside import Effort, RunResult, attack
from tests.support.app import TestApp
from tests.support.live import free_port
from tests.support.postgres import clone

START_SECONDS = 30


@asynccontextmanager
async def serve(app: ASGIApp) -> AsyncIterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, lifespan="on", log_config=None, access_log=False))
    running = asyncio.create_task(server.serve())
    async with asyncio.timeout(START_SECONDS):
        while not server.started:
            assert not running.done(), "the server stopped during its start"
            await asyncio.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await running


async def test_every_planted_fault_is_found(admin_dsn: str, settings: Settings, tmp_path: Path) -> None:
    dsn = await clone(admin_dsn, "planted_faults")
    database = settings[DatabaseSettings].model_copy(update={"url": SecretStr(dsn)})
    log = settings[LogSettings].model_copy(update={"level": "error"})
    settings = settings.with_groups(database, log)
    app = create_app(settings)
    pool = await Database.open(dsn, settings[DatabaseSettings])
    root = await TestApp(app, Runtime.build(settings, pool)).person("root@example.com", Role.ADMIN)
    await pool.close()

    async def run_schemathesis(name: str, phases: Sequence[str], examples: int, included: Sequence[str]) -> RunResult:
        options = [part for operation in included for part in ("--include-operation-id", operation)]
        effort = Effort(phases=phases, examples=examples, options=[*options, "--continue-on-failure"])
        return await asyncio.to_thread(attack, url, "v2", in_both_headers(root.key), tmp_path / name, effort, 1)

    async with serve(Faulty(app, root.key)) as url:
        cases = await run_schemathesis("cases", ("coverage", "fuzzing"), 3, EXAMINED)
        chains = await run_schemathesis("chains", ("stateful",), 15, CHAIN)
    assert cases.exit_code == chains.exit_code == 1
    assert cases.failures >= FAULTS, cases.output
    assert {operation for _, operation in cases.failures} == {operation for _, operation in FAULTS}, cases.output
    assert UNEXPLAINED in cases.unexplained
    assert chains.failures == {DELETED_POST_SHOWN}, chains.output
