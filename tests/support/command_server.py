"""Runs short ``strata`` commands in processes forked from one that has imported the command line.

The imports take a second of CPU, the commands themselves a few hundredths. Each command has a process, an environment,
a folder and outputs of its own, and ends with its own exit code, as it does when a shell starts it.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.waiting import wait_until

_START_SECONDS = 120
OUTPUT = {"NO_COLOR": "1", "COLUMNS": "200"}
"""Variables that give the output of commands one form on every machine."""
_IMPORTED = ("PYTHON", "OTEL_", "LC_", "LANG", "TZ", *OUTPUT)
"""Prefixes of the variables that are read while Python starts or modules are imported."""


class CommandServer:
    """The process with the imported command line, started with the first command of a pytest worker."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="strata-commands-")
        self._address = str(Path(self._folder.name) / "socket")
        command = [sys.executable, "-m", __name__, self._address]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=os.environ | OUTPUT)
        atexit.register(self.stop)
        wait_until(self._listens, _START_SECONDS)

    def _listens(self) -> bool:
        assert self._process.poll() is None, "the command server ended"
        return Path(self._address).exists()

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, seconds: float
    ) -> "subprocess.CompletedProcess[str]":
        """Run one command, and return its exit code and outputs."""
        with tempfile.TemporaryDirectory(prefix="strata-command-") as outputs, socket.socket(socket.AF_UNIX) as client:
            out, err = Path(outputs) / "out", Path(outputs) / "err"
            client.settimeout(seconds)
            client.connect(self._address)
            request = {"arguments": arguments, "environment": environment, "folder": str(folder)}
            client.sendall(json.dumps(request | {"out": str(out), "err": str(err)}).encode() + b"\n")
            reply = client.recv(16)
            assert reply, "the command was killed"
            return subprocess.CompletedProcess(list(arguments), int(reply), out.read_text(), err.read_text())

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(30)
        self._folder.cleanup()


@cache
def command_server() -> CommandServer:
    """The server of this process."""
    return CommandServer()


def starts_alike(environment: Mapping[str, str]) -> bool:
    """Whether a process with this environment would import the command line in the same way as the server."""
    server = os.environ | OUTPUT
    names = {name for name in {*environment, *server} if name.startswith(_IMPORTED)}
    return all(environment.get(name) == server.get(name) for name in names)


def _serve(address: str) -> None:
    """Accept commands until the parent ends."""
    from app.cli import main, program  # noqa: F401, PLC0415 - what the forked processes share

    with socket.socket(socket.AF_UNIX) as listener:
        bound = f"{address}.new"
        listener.bind(bound)
        listener.listen(64)
        Path(bound).rename(address)
        listener.settimeout(1)
        while os.getppid() != 1:
            with suppress(TimeoutError):
                client, _ = listener.accept()
                if os.fork() == 0:
                    listener.close()
                    _reply(client)
                client.close()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def _reply(client: socket.socket) -> None:
    """In a child: run the command in a child of its own, and send its exit code."""
    client.settimeout(None)
    with client.makefile() as lines:
        request = json.loads(lines.readline())
    if (command := os.fork()) == 0:
        client.close()
        _become(request)
        main_of_strata()
    _, status = os.waitpid(command, 0)
    client.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(request: Mapping[str, Any]) -> None:
    for path, descriptor in ((request["out"], 1), (request["err"], 2)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
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
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    _serve(sys.argv[1])
