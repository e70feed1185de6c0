"""Every command and SQL statement of every runbook works: an engineer copies it during an outage.

Words in capital letters are placeholders, for which a reader inserts a value. ``test_dashboards_alive.py`` runs the
queries in Prometheus' language.
"""

import asyncio
import re
import shlex
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx2
import pytest

from tests.support.live import Strata, free_port
from tests.support.postgres import clone
from tests.support.read_series import INLINE_CODE
from tests.support.redis import running_redis
from tests.support.strata_up import Run
from tests.support.waiting import PATIENCE, wait_until
from tests.system.test_deployment import SERVICES

RUNBOOKS = sorted((Path(__file__).parents[2] / "grafana/runbooks").glob("*.md"))
SQL = ("SELECT", "ANALYZE", "EXPLAIN")
REDIS = ("SLOWLOG",)
PROGRAMS = {"strata", "docker", "curl", "py-spy", *SQL, *REDIS}
LONG_RUNNING = {"up": "Ctrl-C stops everything", "worker": '"event":"worker_started"'}
"""Commands that run until they are stopped, and their output when they are ready."""
ASKS = {("users", "deactivate")}
"""Commands that ask for confirmation on a terminal, which these tests do not have."""
COMPOSE_OPTIONS = {"ps": {}, "logs": {"--since": str}, "up": {"-d": None, "--scale": str}, "exec": {}}
"""The used subcommands of ``docker compose`` with their options; ``str`` where an option has a value."""
CONTAINER_PROGRAMS = {"api": {"strata"}, "postgres": {"pg_isready"}, "redis": {"redis-cli"}}
"""The programs in the image of a service."""
EMAIL = "ada@example.com"


def commands(*programs: str) -> list[str]:
    """The distinct commands of all runbooks that start with one of these words."""
    found = (code for path in RUNBOOKS for code in INLINE_CODE.findall(path.read_text()))
    return sorted({code for code in found if code.split()[0] in programs and " " in code})


def of_strata() -> list[str]:
    """Commands of ``strata``, those inside a container included."""
    inside = (command.partition(" exec api ")[2] for command in commands("docker"))
    return sorted({*commands("strata"), *(command for command in inside if command.startswith("strata "))})


def filled(text: str, values: dict[str, str]) -> str:
    """The text with a value for each placeholder."""
    return re.sub(r"\b[A-Z]+\b", lambda found: values.get(found[0], found[0]), text)


@dataclass
class Home:
    """A running ``strata up``."""

    strata: Strata
    run: Run
    dsn: str


@pytest.fixture(scope="module")
def home(admin_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    dsn = asyncio.run(clone(admin_dsn, "runbooks"))
    port = free_port()
    strata = Strata(tmp_path_factory.mktemp("runbooks") / "home", dsn, PORT=str(port), STRATA_LOG__FORMAT="json")
    with ExitStack() as stack:
        run = Run(strata, stack.enter_context(strata.running("up")), port)
        run.await_ready()
        strata.run("users", "create", EMAIL)
        yield Home(strata, run, dsn)


async def ended_job(dsn: str, status: str) -> str:
    """Store a job that has ended, and return its id."""
    connection = await asyncpg.connect(dsn)
    uid = await connection.fetchval(
        "INSERT INTO jobs (uid, kind, params, status, finished_at)"
        """ VALUES (gen_random_uuid(), 'housekeeping', '{"schedule": "files.clean"}', $1, now()) RETURNING uid""",
        status,
    )
    await connection.close()
    return str(uid)


def test_each_kind_of_command_is_found() -> None:
    """A pattern that finds nothing would make every other test of this file pass."""
    assert {"strata doctor", "strata worker", "strata users deactivate EMAIL"} <= set(of_strata())
    assert {command.split()[2] for command in commands("docker") if " compose " in command} == set(COMPOSE_OPTIONS)
    assert {command.split()[0] for command in commands(*SQL)} == set(SQL)
    for path in RUNBOOKS:
        assert set(re.findall(r"^ *```(.+)$", path.read_text(), re.MULTILINE)) <= {"promql"}, path.name


@pytest.mark.parametrize("command", [command for command in of_strata() if command.split()[1] not in LONG_RUNNING])
def test_a_strata_command_succeeds(home: Home, command: str) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    job = asyncio.run(ended_job(home.dsn, "failed" if "retry" in command else "succeeded"))
    arguments = shlex.split(filled(command, {"EMAIL": EMAIL, "TIME": until, "JOB": job}))[1:]
    confirmed = ["--yes"] if tuple(arguments[:2]) in ASKS else []
    assert home.strata.run(*arguments, *confirmed).stdout


@pytest.mark.parametrize("command", [command for command in of_strata() if command.split()[1] in LONG_RUNNING])
def test_a_long_running_command_starts(home: Home, command: str) -> None:
    arguments = shlex.split(command)[1:]
    ready = LONG_RUNNING[arguments[0]]
    if arguments == ["up"]:
        assert ready in home.run.output
        return
    with home.strata.running(*arguments) as process:
        wait_until(lambda: ready in home.strata.log(arguments[0]) or process.poll() is not None)
        assert process.poll() is None, home.strata.log(arguments[0])


@pytest.mark.parametrize("statement", commands(*SQL))
async def test_a_statement_runs(home: Home, statement: str) -> None:
    connection, other = [await asyncpg.connect(home.dsn) for _ in range(2)]
    values = {"PID": str(other.get_server_pid()), "TABLE": "posts", "STATEMENT": "SELECT title FROM posts"}
    try:
        rows = await connection.fetch(filled(statement, values))
        # `strata up` has a worker and connections, so each of the statements has something to show.
        assert rows or statement.startswith("ANALYZE")
    finally:
        await connection.close()
        other.terminate()


@pytest.mark.parametrize("command", commands("curl"))
def test_a_request_succeeds(home: Home, command: str) -> None:
    url = shlex.split(command)[-1].replace("http://HOST:8000", home.run.url)
    assert url.startswith(home.run.url)
    assert httpx2.get(url, timeout=PATIENCE).status_code == 200


@pytest.mark.parametrize("command", commands(*REDIS))
def test_a_command_of_redis_succeeds(tmp_path: Path, command: str) -> None:
    with running_redis(tmp_path / "redis") as server:
        assert not server.send(command)[0].startswith("-")


@pytest.mark.parametrize("command", [command for command in commands("docker") if " compose " in command])
def test_a_compose_command_names_existing_services(command: str) -> None:
    _, _, subcommand, *arguments = shlex.split(command)
    options, services = COMPOSE_OPTIONS[subcommand], []
    while arguments:
        word = arguments.pop(0)
        if not word.startswith("-"):
            services.append(word)
            if subcommand == "exec":
                break
        elif options[word] is str:
            value = arguments.pop(0)
            if word == "--scale":
                assert re.fullmatch(r"\d+", value.partition("=")[2])
                services.append(value.partition("=")[0])
            else:
                assert re.fullmatch(r"\d+[smh]", value)
    assert services
    assert set(services) <= SERVICES.keys()
    if subcommand == "exec":
        assert arguments[0] in CONTAINER_PROGRAMS[services[0]]
