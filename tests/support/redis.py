"""A real Redis that a test may end and bring back."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.live import free_port
from tests.support.programs import program

REDIS_URL = "STRATA_RATE_LIMIT__REDIS_URL"
"""The setting that a Redis's URL goes into."""


class Redis:
    """One server on a port that stays the same."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Listen, without files."""
        self._folder.mkdir(parents=True, exist_ok=True)
        options = {"port": str(self._port), "bind": "127.0.0.1", "save": "", "appendonly": "no"}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        with (self._folder / "redis.log").open("ab") as log:
            command = [program("redis-server"), *arguments]
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.05)
        message = f"Redis does not listen: {(self._folder / 'redis.log').read_text()}"
        raise AssertionError(message)

    def kill(self) -> None:
        """As the kernel would for lack of memory."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


@contextmanager
def redis_server(folder: Path) -> Iterator[Redis]:
    """A server for the length of the block."""
    redis = Redis(folder)
    redis.start()
    try:
        yield redis
    finally:
        redis.kill()
