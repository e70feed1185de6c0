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
from typing import Any, Final, Self

from app.cli.kit import parent_pipe
from tests.benchmarks.cpu import cpu_seconds, with_children
from tests.benchmarks.load import Job, Tally
from tests.benchmarks.open_loop import Rate, Sent
from tests.support.live import free_port

_ROOT: Final = Path(__file__).parents[2]
_PYTHON: Final = (sys.executable, "-m")
_READY_SECONDS: Final = 180
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

    def serve(
        self, name: str, program: str, variables: Mapping[str, str], root: Path = _ROOT, *, limits: bool = False
    ) -> "Server":
        """Start the server of a variant, and return before it is ready.

        ``program`` is a factory of ASGI applications, or the path of a script for Node.js below ``root``. With
        ``limits`` the server has those of the product on connections.
        """
        port = free_port()
        log = self._folder / f"{name}.log"
        command = ["node", program] if program.endswith(".js") else [*_PYTHON, "tests.benchmarks.serve", program]
        with log.open("w") as output:
            arguments = [str(port), *(["--limits"] if limits else [])]
            process = self._start([*command, *arguments], variables, root, stdout=output)
        return Server(name, process, port, log)

    def strata(self, workers: int) -> "Server":
        """Start ``strata serve``, and return before it is ready."""
        port, log = free_port(), self._folder / f"strata-{workers}.log"
        command = [*_PYTHON, "app.cli", "serve", "--workers", str(workers), "--port", str(port)]
        with log.open("w") as output:
            return Server("strata", self._start(command, {}, _ROOT, stdout=output), port, log)

    def generator(self) -> "LoadGenerator":
        """Start the load generator."""
        return LoadGenerator(self._client("tests.benchmarks.load"))

    def readers(self) -> "Readers":
        """Start the process of clients that read streams."""
        return Readers(self._client("tests.benchmarks.readers"))

    def open_loop(self) -> "OpenLoop":
        """Start a process of clients that send at a fixed rate."""
        return OpenLoop(self._client("tests.benchmarks.open_loop"))

    def _client(self, module: str) -> "subprocess.Popen[str]":
        return self._start([*_PYTHON, module], {}, _ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _start(
        self, command: list[str], variables: Mapping[str, str], root: Path, **streams: object
    ) -> "subprocess.Popen[str]":
        process: subprocess.Popen[str] = subprocess.Popen(
            command,
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
        """CPU seconds of the process and its workers since their start."""
        return sum(cpu_seconds(pid) for pid in with_children(self._process.pid))

    @property
    def memory(self) -> int:
        """Resident bytes of the process and its workers; pages that they share count in each."""
        pids = with_children(self._process.pid)
        return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids) * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> None:
        """Shut the server down, and wait until it has ended."""
        self._process.terminate()
        self._process.wait(_READY_SECONDS)

    def ensure_alive(self) -> None:
        """Raise ``BenchmarkError`` with the end of the log if the server has ended."""
        if self._process.poll() is not None:
            message = f"{self.name} ended:\n{self._log.read_text()[-2000:]}"
            raise BenchmarkError(message)


class _Client:
    """A process that carries out commands, one per line of JSON."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out one command, and return the reply. Raises ``BenchmarkError``."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            message = "the process of clients has no pipes"
            raise BenchmarkError(message)
        stdin.write(json.dumps(command) + "\n")
        stdin.flush()
        reply: dict[str, Any] = json.loads(stdout.readline() or '{"error": "the process of clients ended"}')
        if "error" in reply:
            raise BenchmarkError(reply["error"])
        return reply


class Readers(_Client):
    """The process of clients that read streams."""

    def do(self, what: str, **values: Any) -> dict[str, Any]:
        """See ``tests.benchmarks.readers``. Raises ``BenchmarkError``."""
        return self.ask({"do": what, **values})


class OpenLoop(_Client):
    """A process of clients that send at a fixed rate, whatever the server does."""

    def send(self, what: str, job: Rate) -> Sent:
        """See ``tests.benchmarks.open_loop``. Raises ``BenchmarkError``."""
        reply = self.ask({"do": what, **asdict(job)})
        statuses = Counter({int(status): count for status, count in reply.pop("statuses").items()})
        return Sent(statuses=statuses, **reply)


class LoadGenerator(_Client):
    """The process that sends requests."""

    def run(self, job: Job) -> Tally:
        """Run one job, and return its responses. Raises ``BenchmarkError``."""
        reply = self.ask(asdict(job))
        statuses = Counter({int(status): count for status, count in reply["statuses"].items()})
        return Tally(statuses, reply["latencies"], reply["seconds"])

    def wait_for_response(self, server: Server, path: str, headers: dict[str, str]) -> int:
        """The status of a starting server's first response. Raises ``BenchmarkError`` after three minutes."""
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
