"""A real Redis on a Unix socket that a test can kill, restart and stop with SIGSTOP."""

import signal
import subprocess
import time
from pathlib import Path

import redis

from tests.support.programs import program

READY_SECONDS = 10


class RedisServer:
    """Starts at once. ``folder`` must be short: the path of a socket has 107 bytes at most."""

    def __init__(self, folder: Path) -> None:
        self.url = f"unix://{folder}/r.sock"
        self._command = [program("redis-server"), "--port", "0", "--unixsocket", f"{folder}/r.sock", "--save", ""]
        self._folder = folder
        self.start()

    def start(self) -> None:
        """Start with empty data, and return when it replies."""
        self._process = subprocess.Popen(
            self._command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                with self.client() as client:
                    client.ping()
                return
            except redis.ConnectionError:
                assert time.monotonic() < deadline, "redis-server does not start"
                time.sleep(0.02)

    def client(self) -> redis.Redis:
        """A blocking client, to inspect keys."""
        return redis.Redis.from_url(self.url, decode_responses=True)

    def kill(self) -> None:
        """Send SIGKILL."""
        self._process.kill()
        self._process.wait(10)

    def hang(self) -> None:
        """Send SIGSTOP: connections stay open, and no reply comes."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Continue after ``hang``."""
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop the server in any state."""
        if self._process.poll() is None:
            self.kill()
