"""Runs ``strata up``, and lists the processes of a home."""

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2

from app.kit.db.embedded_layout import resolve_layout
from tests.support.live import Process, Strata, free_port, wait_until_ready
from tests.support.waiting import PATIENCE, stretched, wait_until

END_SECONDS = PATIENCE


class Run:
    """One ``strata up``, started as a terminal does it: as the leader of a process group."""

    def __init__(self, strata: Strata, process: Process, port: int) -> None:
        self.strata = strata
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    @property
    def output(self) -> str:
        """Its output so far."""
        return self.strata.log("up")

    @property
    def credentials(self) -> Mapping[str, str]:
        """The contents of credentials.json."""
        found: dict[str, str] = json.loads((self.strata.home / "credentials.json").read_text())
        return found

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers with the API key of the first admin."""
        return {"X-API-Key": self.credentials["api_key"]}

    def await_ready(self) -> None:
        """Return once the API is ready and the banner is printed."""
        wait_until_ready(self.url, self.process, lambda: self.output)
        wait_until(lambda: "Ctrl-C stops everything" in self.output, END_SECONDS, lambda: self.output)

    def write(self, title: str) -> str:
        """Publish a post, and return its id."""
        body = {"title": title, "content": "", "status": "published"}
        response = httpx2.post(f"{self.url}/api/v2/posts", json=body, headers=self.headers, timeout=PATIENCE)
        assert response.status_code == 201, response.text
        identifier: str = response.json()["id"]
        return identifier

    def titles(self) -> list[str]:
        """The titles of all posts."""
        found = httpx2.get(
            f"{self.url}/api/v2/posts", params={"limit": 100, "fields": "title"}, headers=self.headers, timeout=PATIENCE
        )
        return [post["title"] for post in found.json()["data"]]

    def end(self, number: int) -> int:
        """Press Ctrl-C, which reaches the whole group, or send another signal to the process; its exit code."""
        if number == signal.SIGINT:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        return self.process.wait(END_SECONDS)


@contextmanager
def starting(strata: Strata) -> Iterator[Run]:
    """Run ``strata up`` on a free port, without waiting for it."""
    port = free_port()
    with strata.running("up", start_new_session=True, PORT=str(port)) as process:
        yield Run(strata, process, port)


@contextmanager
def up(strata: Strata) -> Iterator[Run]:
    """Run ``strata up`` on a free port, and wait until it is ready."""
    with starting(strata) as run:
        run.await_ready()
        yield run


def processes_of(home: Path) -> dict[int, str]:
    """The running processes of a home, found by their environment or by the name of its database server."""
    layout = resolve_layout(home)
    places = {layout.data, home / "postgres/data"}
    marks = (f"STRATA_HOME={home}\0".encode(), *(f"PGDATA={place}\0".encode() for place in places))
    found = {}
    for folder in Path("/proc").iterdir():
        try:
            command, environment = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
        except OSError:
            continue
        if command and (layout.name.encode() in command or any(mark in environment for mark in marks)):
            found[int(folder.name)] = command.replace(b"\0", b" ").decode(errors="replace").strip()
    return found


def survivors(home: Path, *, but: str = "") -> dict[int, str]:
    """The processes of a home that still run 10 seconds after their parent was killed.

    Commands that contain ``but`` are ignored.
    """
    deadline = time.monotonic() + stretched(10)
    while True:
        found = {pid: command for pid, command in processes_of(home).items() if not but or but not in command}
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.05)
