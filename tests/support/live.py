"""Runs `strata` commands in processes, each with its own home and database, on the loopback."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from app.kit.db.embedded import APPLICATION_ROLE
from tests.support.command_server import OUTPUT, ForkedProcess, command_server, starts_alike
from tests.support.limits import VARIABLES
from tests.support.postgres import owner_dsn
from tests.support.waiting import PATIENCE, wait_until

_COMMAND_SECONDS = 120
Process = subprocess.Popen[bytes] | ForkedProcess


def free_port() -> int:
    """A free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Strata:
    """The ``strata`` command in an environment of its own."""

    def __init__(self, home: Path, dsn: str | None = None, **variables: str) -> None:
        self.home = home
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("STRATA_")} | {
            "STRATA_HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            **OUTPUT,
            **VARIABLES,
            **variables,
        }
        if dsn is not None:
            self.environment["STRATA_DATABASE__URL"] = dsn
            if urlsplit(dsn).username == APPLICATION_ROLE:
                self.environment["STRATA_DATABASE__OWNER_URL"] = owner_dsn(dsn)
        self.command: tuple[str, ...] = ("strata",)
        self.options: dict[str, Any] = {}
        """Options of ``subprocess.Popen``: another user, for example."""
        self.forks = True
        """Whether processes are forked from one that has imported the program. Tests of the start unset it."""

    def run(self, *arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a short command, and check its exit code."""
        if self._forked(self.environment):
            done = command_server().run(arguments, self.environment, self.home.parent, _COMMAND_SECONDS)
        else:
            done = self._run_alone(arguments)
        assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def _run_alone(self, arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*self.command, *arguments],
            env=self.environment,
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
            **self.options,
        )

    def _forked(self, environment: Mapping[str, str]) -> bool:
        return self.forks and self.command == ("strata",) and not self.options and starts_alike(environment)

    def json(self, *arguments: str, expect: int = 0) -> Any:
        """The JSON output of a command."""
        return json.loads(self.run(*arguments, "--json", expect=expect).stdout)

    @contextmanager
    def running(self, *arguments: str, start_new_session: bool = False, **variables: str) -> Iterator[Process]:
        """Run a long command beside the test; its output goes to a file beside the home, which may be absent."""
        process = self._start(arguments, self.environment | variables, start_new_session)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def _start(self, arguments: Sequence[str], environment: Mapping[str, str], new_session: bool) -> Process:  # noqa: FBT001 - private
        path = self._log_of(arguments[0])
        # The processes of a home are found by their environment, which a forked one shows as that of its origin.
        if arguments[0] != "up" and self._forked(environment):
            path.touch()
            folder = self.home.parent
            return command_server().start(arguments, environment, folder, path, path, new_session=new_session)
        with path.open("ab") as log:
            return subprocess.Popen(
                [*self.command, *arguments],
                env=environment,
                cwd=self.home.parent,
                stdout=log,
                stderr=log,
                start_new_session=new_session,
                **self.options,
            )

    def log(self, command: str) -> str:
        """The output of a long command so far."""
        return self._log_of(command).read_text()

    def _log_of(self, command: str) -> Path:
        return self.home.with_name(f"{self.home.name}-{command}.log")

    @contextmanager
    def serving(self, *arguments: str, **variables: str) -> Iterator[str]:
        """Serve the API, and yield its URL once it is ready."""
        port = free_port()
        with self.running("serve", *arguments, PORT=str(port), **variables) as process:
            url = f"http://127.0.0.1:{port}"
            wait_until_ready(url, process, lambda: self.log("serve"))
            yield url


def wait_until_ready(url: str, process: Process, log: Callable[[], str], path: str = "/health/ready") -> None:
    """Return once this path responds with 200; raise ``AssertionError`` with the log when the process ends."""

    def ready() -> bool:
        assert process.poll() is None, f"the server ended:\n{log()}"
        try:
            return httpx2.get(f"{url}{path}", timeout=PATIENCE).status_code == 200
        except httpx2.HTTPError:
            return False

    wait_until(ready, PATIENCE, log)


def api_key(strata: Strata, email: str = "root@example.com", *roles: str) -> Mapping[str, str]:
    """Headers with the API key of a new user with these roles (admin by default)."""
    chosen = [part for role in roles or ("admin",) for part in ("--role", role)]
    strata.run("users", "create", email, *chosen)
    return {"X-API-Key": strata.json("keys", "create", email, "--name", "test")["key"]}
