"""Runs ``strata`` commands in processes forked from one that has imported the program.

The imports take more than a second of CPU for each process, the commands themselves a few tenths. Each command has a
process, an environment, a folder and outputs of its own, and ends with its own exit code, as it does when a shell
starts it.
"""

import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from tests.support.forked_workers import fork_workers
from tests.support.waiting import wait_until

_START_SECONDS: Final = 120
_DOCUMENTS: Final = "documents"
OUTPUT: Final = {"NO_COLOR": "1", "COLUMNS": "200"}
"""Variables that give the output of commands one form on every machine."""
_IMPORTED: Final = ("PYTHON", "OTEL_", "LC_", "LANG", "TZ", *OUTPUT)
"""Prefixes of the variables that are read while Python starts or modules are imported."""


class ForkedProcess:
    """A running command, with the part of the interface of ``subprocess.Popen`` that tests use."""

    def __init__(self, server: socket.socket, used: Callable[[float], None]) -> None:
        self._server = server
        self._used = used
        self._lines = server.makefile("r")
        self.pid: int = self._reply("pid")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code; ``None`` while the process runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, seconds: float | None = None) -> int:
        """The exit code. Raises ``subprocess.TimeoutExpired`` if the process still runs after this many seconds."""
        if self.returncode is None:
            self._server.settimeout(seconds)
            # The message is short: what has arrived has arrived in whole.
            try:
                self._server.recv(1, socket.MSG_PEEK)
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired("strata", seconds or 0) from None
            self._server.settimeout(None)
            self.returncode = self._reply("code")
            self._lines.close()
            self._server.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _reply(self, name: str) -> int:
        line = self._lines.readline()
        assert line, "the command server ended"
        reply: dict[str, Any] = json.loads(line)
        self._used(reply.get("cpu_seconds", 0))
        value: int = reply[name]
        return value


class CommandServer:
    """The process with the imported program, by default that of the tests, started with the first command of a worker.

    Given a ``folder``, it is the program in a copy of the source, in processes with this ``environment``.
    """

    def __init__(self, folder: Path | None = None, environment: Mapping[str, str] | None = None) -> None:
        self.cpu_seconds = 0.0
        """The CPU seconds of the commands that have ended, and of their child processes."""
        self._folder = tempfile.TemporaryDirectory(prefix="strata-commands-")
        self._address = str(Path(self._folder.name) / "socket")
        # Most commands in a copy of the source are about its contracts.
        command = [sys.executable, "-m", __name__, self._address, *([_DOCUMENTS] if folder else [])]
        variables = os.environ | OUTPUT if environment is None else dict(environment)
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=variables, cwd=folder)
        atexit.register(self.stop)
        wait_until(self._listens, _START_SECONDS)

    def _listens(self) -> bool:
        assert self._process.poll() is None, "the command server ended"
        return Path(self._address).exists()

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, seconds: float
    ) -> "subprocess.CompletedProcess[str]":
        """Run one command, and return its exit code and outputs."""
        with tempfile.TemporaryDirectory(prefix="strata-command-") as outputs:
            out, err = Path(outputs) / "out", Path(outputs) / "err"
            process = self.start(arguments, environment, folder, out, err)
            try:
                code = process.wait(seconds)
            except BaseException:
                process.kill()
                process.wait()
                raise
            return subprocess.CompletedProcess(list(arguments), code, out.read_text(), err.read_text())

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        out: Path,
        err: Path,
        *,
        new_session: bool = False,
    ) -> ForkedProcess:
        """Start one command, whose outputs are appended to files."""
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(_START_SECONDS)
        client.connect(self._address)
        request = {"arguments": arguments, "environment": environment, "new_session": new_session}
        paths = {"folder": str(folder), "out": str(out), "err": str(err)}
        client.sendall(json.dumps(request | paths).encode() + b"\n")
        return ForkedProcess(client, self._add)

    def _add(self, cpu_seconds: float) -> None:
        self.cpu_seconds += cpu_seconds

    def stop(self) -> None:
        """End the process."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)
            self._folder.cleanup()
        atexit.unregister(self.stop)


@cache
def command_server() -> CommandServer:
    """The server of this process."""
    return CommandServer()


def forked_cpu_seconds() -> float:
    """The CPU seconds of the commands of this process that have ended: their parent is the command server."""
    return command_server().cpu_seconds if command_server.cache_info().currsize else 0


def starts_alike(environment: Mapping[str, str]) -> bool:
    """Whether a process with this environment would import the program in the same way as the server."""
    server = os.environ | OUTPUT
    names = {name for name in {*environment, *server} if name.startswith(_IMPORTED)}
    return all(environment.get(name) == server.get(name) for name in names)


def _serve(address: str, *, documents: bool) -> None:
    """Accept commands until the parent ends."""
    _import_program(documents=documents)
    signal.signal(signal.SIGTERM, _end)
    parent = os.getppid()
    with socket.socket(socket.AF_UNIX) as listener:
        bound = f"{address}.new"
        listener.bind(bound)
        listener.listen(64)
        Path(bound).rename(address)
        listener.settimeout(1)
        while os.getppid() == parent:
            with suppress(TimeoutError):
                client, _ = listener.accept()
                if os.fork() == 0:
                    listener.close()
                    _reply(client)
                client.close()
            _reap()


def _reap() -> None:
    """Wait for the children that have ended, whose CPU seconds count from then on."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _end(*_: object) -> None:
    _reap()
    os._exit(0)


def _import_program(*, documents: bool) -> None:
    """Import what the forked processes share: the command line, the worker, and the application of each version.

    With ``documents``, build those of each application as the commands about contracts do, which then find them built.
    """
    gc.disable()  # A forked command enables it, as the program does after its imports.
    for module in ("app.worker", "app.asgi"):
        import_module(module)
    from app.cli.program import COMMANDS  # noqa: PLC0415 - this process alone imports the program
    from versions.registry import VERSIONS  # noqa: PLC0415 - the same

    list(COMMANDS)  # Imports each of them.
    for build in _builders(documents=documents):
        for version in VERSIONS:
            build(version)
    assert threading.active_count() == 1, "a forked process has no other thread, but may have its locks"
    fork_workers()


def _builders(*, documents: bool) -> list[Callable[[Any], object]]:
    if documents:
        from contracts.kinds import all_kinds  # noqa: PLC0415 - no server needs the contracts

        return [kind.build for kind in all_kinds()]
    from app.settings.http import HttpSettings  # noqa: PLC0415 - this process alone imports the program

    return [lambda version: version.build(version, HttpSettings())]


def _reply(client: socket.socket) -> None:
    """In a child: run the command in a child of its own, and send its pid, then its exit code and CPU seconds."""
    client.settimeout(None)
    with client.makefile() as lines:
        request = json.loads(lines.readline())
    if (command := os.fork()) == 0:
        client.close()
        _become(request)
        main_of_strata()
    with suppress(BrokenPipeError):
        client.sendall(json.dumps({"pid": command}).encode() + b"\n")
    _, status, used = os.wait4(command, 0)
    ended = {"code": os.waitstatus_to_exitcode(status), "cpu_seconds": used.ru_utime + used.ru_stime}
    with suppress(BrokenPipeError):
        client.sendall(json.dumps(ended).encode() + b"\n")
    os._exit(0)


def _become(request: Mapping[str, Any]) -> None:
    for path, descriptor in ((request["out"], 1), (request["err"], 2)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    if request["new_session"]:
        os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.argv = ["strata", *request["arguments"]]
    # click names the program after the main module, unless that is a script.
    sys.modules["__main__"].__package__ = None


def main_of_strata() -> None:
    """Run the command line, and end the process as the interpreter would."""
    from app.cli import main  # noqa: PLC0415 - imported before the process was forked

    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - the interpreter prints every exception
        sys.excepthook(*sys.exc_info())
        code = 1
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    _serve(sys.argv[1], documents=sys.argv[2:] == [_DOCUMENTS])
