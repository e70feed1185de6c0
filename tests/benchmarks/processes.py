"""The processes of a run: one server per variant, and the load generator."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from app.cli.kit import parent_pipe
from tests.benchmarks.cpu import cpu_seconds
from tests.benchmarks.load import Job, Tally
from tests.support.live import free_port

_ROOT: Final = Path(__file__).parents[2]
_READY_SECONDS: Final = 60
_STOP_SECONDS: Final = 5


class BenchmarkError(Exception):
    """A server or the load generator failed, so the run has no result."""


class Processes:
    """Starts processes, and stops them at the end; a pipe stops them if this process is killed."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("STRATA_")}
        self._environment = inherited | dict(environment)
        self._running: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        self._read_end, self._write_end = os.pipe()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running:
            process.terminate()
        for process in self._running:
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(_STOP_SECONDS)
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
        os.close(self._read_end)
        os.close(self._write_end)

    def serve(self, name: str, factory: str, variables: Mapping[str, str], root: Path = _ROOT) -> "Server":
        """Start the server of a variant, and return before it is ready."""
        port = free_port()
        log = self._folder / f"{name}.log"
        with log.open("w") as output:
            process = self._start(["tests.benchmarks.serve", factory, str(port)], variables, root, stdout=output)
        return Server(name, process, port, log)

    def generator(self) -> "LoadGenerator":
        """Start the load generator."""
        return LoadGenerator(
            self._start(["tests.benchmarks.load"], {}, _ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        )

    def _start(
        self, arguments: list[str], variables: Mapping[str, str], root: Path, **streams: object
    ) -> "subprocess.Popen[str]":
        process: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=root,
            # Python imports the served checkout, not the installed one.
            env={**self._environment, **variables, "PYTHONPATH": str(root), parent_pipe.VARIABLE: str(self._read_end)},
            pass_fds=(self._read_end,),
            start_new_session=True,
            text=True,
            **({"stderr": streams["stdout"]} if "stdin" not in streams else {}),
            **streams,
        )
        self._running.append(process)
        return process


class Server:
    """A running variant."""

    def __init__(self, name: str, process: "subprocess.Popen[str]", port: int, log: Path) -> None:
        self.name = name
        self.port = port
        self._process = process
        self._log = log

    @property
    def cpu(self) -> float:
        """CPU seconds since the start of the process."""
        return cpu_seconds(self._process.pid)

    def ensure_alive(self) -> None:
        """Raise ``BenchmarkError`` with the end of the log if the server has ended."""
        if self._process.poll() is not None:
            message = f"{self.name} ended:\n{self._log.read_text()[-2000:]}"
            raise BenchmarkError(message)


class LoadGenerator:
    """The process that sends requests."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, job: Job) -> Tally:
        """Run one job, and return its responses. Raises ``BenchmarkError``."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            message = "the load generator has no pipes"
            raise BenchmarkError(message)
        stdin.write(json.dumps(asdict(job)) + "\n")
        stdin.flush()
        reply = json.loads(stdout.readline() or '{"error": "the load generator ended"}')
        if "error" in reply:
            raise BenchmarkError(reply["error"])
        statuses = Counter({int(status): count for status, count in reply["statuses"].items()})
        return Tally(statuses, reply["latencies"], reply["seconds"])

    def wait_for_response(self, server: Server, path: str, headers: dict[str, str]) -> int:
        """The status of a starting server's first response. Raises ``BenchmarkError`` after 60 seconds."""
        deadline = time.monotonic() + _READY_SECONDS
        job = Job(server.port, [path], headers, count=1, connections=1, seconds=10)
        while True:
            server.ensure_alive()
            try:
                (status,) = self.run(job).statuses
            except BenchmarkError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return status
