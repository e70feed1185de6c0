"""``strata up`` from an empty home to its end, however it ends."""

import json
import os
import re
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from app.db.embedded_layout import lay_out
from tests.support.live import Strata, free_port, wait_until_ready

Fresh = Callable[..., Strata]


class Run:
    """One ``strata up`` that is ready."""

    def __init__(self, strata: Strata, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.strata = strata
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        wait_until_ready(self.url, process, lambda: strata.log("up"))
        self.credentials: dict[str, str] = json.loads((strata.home / "credentials.json").read_text())
        self.headers = {"X-API-Key": self.credentials["api_key"]}

    def write(self, title: str) -> str:
        body = {"title": title, "content": "", "status": "published"}
        made = httpx2.post(f"{self.url}/api/v2/posts", json=body, headers=self.headers, timeout=10)
        assert made.status_code == 201, made.text
        identifier: str = made.json()["id"]
        return identifier

    def titles(self) -> list[str]:
        found = httpx2.get(f"{self.url}/api/v2/posts", params={"limit": 100, "fields": "title"}, headers=self.headers)
        return [post["title"] for post in found.json()["data"]]

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


def processes_of(home: Path) -> list[str]:
    """Command lines of living processes that belong to a home: by their environment, or as its database server."""
    found = []
    mark = f"STRATA_HOME={home}\0".encode()
    server = lay_out(home).name.encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            command = (folder / "cmdline").read_bytes()
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        ours = mark in environment and b"strata" in command + environment
        if command and int(folder.name) != os.getpid() and (ours or server in command):
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def gone(home: Path) -> bool:
    deadline = time.monotonic() + 10
    while processes_of(home) and time.monotonic() < deadline:
        time.sleep(0.1)
    return processes_of(home) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_from_an_empty_home_to_the_end_and_again(fresh: Fresh, number: int) -> None:
    strata, port = fresh(), free_port()
    before = {parent: parent.stat().st_mode for parent in strata.home.parents}
    with strata.running("up", PORT=str(port)) as process:
        run = Run(strata, process, port)
        kept = run.write("Kept")
        file = strata.home / "credentials.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE((strata.home / "secrets.json").stat().st_mode) == 0o600
        assert list(run.credentials) == ["admin_email", "admin_password", "api_key", "base_url"]
        assert run.credentials["base_url"] == run.url
        said = strata.log("up")
        assert all(value in said for value in run.credentials.values())
        form = {"username": run.credentials["admin_email"], "password": run.credentials["admin_password"]}
        assert httpx2.post(f"{run.url}/api/v1/auth/login", data=form, timeout=10).status_code == 200
        tries = re.findall(r"^ {2}(curl .*)$", said, re.MULTILINE)
        assert len(tries) == 3
        for line in tries:
            done = subprocess.run(["bash", "-c", line.replace("curl", "curl -sf")], capture_output=True, check=True)
            assert json.loads(done.stdout)
        assert processes_of(strata.home)
        assert run.end(number) == 0
    assert gone(strata.home)
    assert {parent: parent.stat().st_mode for parent in strata.home.parents} == before
    with strata.running("up", PORT=str(port)) as process:
        again = Run(strata, process, port)
        assert again.credentials == run.credentials
        assert httpx2.get(f"{again.url}/api/v2/posts/{kept}").status_code == 200
        assert again.end(number) == 0


def test_what_was_acknowledged_survives_a_kill(fresh: Fresh) -> None:
    strata, port = fresh(), free_port()
    acknowledged: list[str] = []
    for victim in ("up", "postgres"):
        with strata.running("up", PORT=str(port)) as process:
            run = Run(strata, process, port)
            assert set(acknowledged) <= set(run.titles())
            for number in range(20):
                title = f"{victim} {number}"
                run.write(title)
                acknowledged.append(title)
            if victim == "up":
                process.kill()
            else:
                pid = int((strata.home / "postgres/data/postmaster.pid").read_text().split()[0])
                os.kill(pid, signal.SIGKILL)
                process.terminate()
            process.wait(30)
    with strata.running("up", PORT=str(port)) as process:
        run = Run(strata, process, port)
        assert set(acknowledged) <= set(run.titles())
        assert run.end(signal.SIGINT) == 0


def test_a_taken_port_is_said_in_one_line(fresh: Fresh) -> None:
    first, second, port = fresh("first"), fresh("second"), free_port()
    with first.running("up", PORT=str(port)) as process:
        run = Run(first, process, port)
        second.environment["PORT"] = str(port)
        refused = second.run("up", expect=1)
        assert refused.stderr.splitlines()[0] == f"Error: Port {port} on 127.0.0.1 is taken by another program."
        assert f"PORT={port + 1}" in refused.stderr
        assert processes_of(second.home) == []
        other = free_port()
        with second.running("up", PORT=str(other)) as beside:
            neighbour = Run(second, beside, other)
            neighbour.write("Theirs")
            assert run.titles() == []
            assert neighbour.credentials["api_key"] != run.credentials["api_key"]
        first.environment["PORT"] = str(free_port())
        twice = first.run("up", expect=1)
        assert "Another strata is at work" in twice.stderr
