"""A real Redis on a port, with its own configuration file, that a test can stop and restart."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.live import free_port
from tests.support.programs import program

REDIS_URL = "STRATA_REDIS__URL"
"""The variable that sets the URL of Redis."""
WITHOUT_FILES = 'save ""\nappendonly no\n'


class Redis:
    """One server on a fixed port, with this configuration file."""

    def __init__(self, folder: Path, configuration: str = WITHOUT_FILES) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"
        folder.mkdir(parents=True, exist_ok=True)
        here = f"bind 127.0.0.1\nport {self._port}\ndir {folder}\n"
        (folder / "redis.conf").write_text(configuration + here)

    def start(self) -> None:
        """Return once it listens."""
        with (self._folder / "redis.log").open("ab") as log:
            command = [program("redis-server"), str(self._folder / "redis.conf")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.05)
        message = f"Redis does not listen: {(self._folder / 'redis.log').read_text()}"
        raise AssertionError(message)

    def ask(self, *commands: str) -> list[str]:
        """The reply lines to commands on one connection."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=10) as connection:
            connection.sendall("".join(f"{command}\r\n" for command in (*commands, "QUIT")).encode())
            with connection.makefile("rb") as answers:
                return answers.read().decode().split("\r\n")

    def kill(self) -> None:
        """Send SIGKILL, as the kernel does when memory is exhausted."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


@contextmanager
def redis_server(folder: Path, configuration: str = WITHOUT_FILES) -> Iterator[Redis]:
    """A server while the block runs."""
    redis = Redis(folder, configuration)
    redis.start()
    try:
        yield redis
    finally:
        redis.kill()
