"""A Redis server in a process of its own, which a test can kill, restart and suspend."""

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.support.live import free_port
from tests.support.programs import program
from tests.support.waiting import PATIENCE, wait_until

REDIS_URL = "STRATA_REDIS__URL"
"""The setting with the URL of Redis."""
IN_MEMORY = 'save ""\nappendonly no\n'
"""The configuration of a server that writes no files."""


class RedisServer:
    """One server; its port stays the same when it is restarted."""

    def __init__(self, folder: Path, configuration: str = IN_MEMORY) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"
        address = f"bind 127.0.0.1\nport {self._port}\ndir {folder}\n"
        (folder / "redis.conf").write_text(configuration + address)

    def start(self) -> None:
        """Start the server with no data, and return once it accepts connections."""
        log = self._folder / "redis.log"
        with log.open("ab") as output:
            command = [program("redis-server"), str(self._folder / "redis.conf")]
            self._process = subprocess.Popen(command, stdout=output, stderr=output)
        wait_until(self._listens, PATIENCE, log.read_text)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def client(self) -> redis.Redis:
        """A blocking client, to read what the server stores."""
        return redis.Redis.from_url(self.url, decode_responses=True)

    def send(self, *commands: str) -> list[str]:
        """The reply lines to these commands on one connection."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE) as connection:
            connection.sendall("".join(f"{command}\r\n" for command in (*commands, "QUIT")).encode())
            with connection.makefile("rb") as replies:
                return replies.read().decode().split("\r\n")

    def kill(self) -> None:
        """Send SIGKILL, as the kernel does when memory is exhausted. Does nothing when the server does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def suspend(self) -> None:
        """Stop the process without ending it: connections stay open, and no command gets a reply."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Continue after ``suspend``."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self._process is not None, "the server does not run"
        self._process.send_signal(number)


@contextmanager
def running_redis(folder: Path, configuration: str = IN_MEMORY) -> Iterator[RedisServer]:
    """A server that runs until the block ends."""
    server = RedisServer(folder, configuration)
    server.start()
    try:
        yield server
    finally:
        server.kill()
