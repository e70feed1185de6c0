"""One server and one worker over a PostgreSQL and a Redis of their own, whose failures a test causes under load."""

import asyncio
import itertools
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import httpx2

from app.kit.db.embedded import EmbeddedPostgres
from app.kit.db.embedded_layout import resolve_layout
from app.kit.mail.mailbox import read_mailbox
from app.kit.mail.mailer import mailbox_folder
from tests.support.app import PASSWORD
from tests.support.live import Process, Strata, free_port, wait_until_ready
from tests.support.redis import REDIS_URL, RedisServer, running_redis
from tests.support.waiting import PATIENCE, wait_until

REQUESTS_PER_SECOND: Final = 20
_TICK: Final = 1 / REQUESTS_PER_SECOND
_MEASURED: Final = 12
"""Two requests of each operation."""
_READY_TICK: Final = 0.1
_CLIENT_SECONDS: Final = 60


class Postgres:
    """A server that a test freezes, kills and starts again."""

    def __init__(self, home: Path) -> None:
        self._server = EmbeddedPostgres(home)
        self._data = resolve_layout(self._server.home).data

    def start(self) -> str:
        """Start the server, after a crash, too, and return its address."""
        return self._server.start()

    def destroy(self) -> None:
        """Resume, stop, and delete the data."""
        self.resume()
        self._server.destroy()

    def freeze(self) -> None:
        """Suspend every process: connections stay open, and nothing replies."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Continue after ``freeze``."""
        self._signal_all(signal.SIGCONT)

    def kill(self) -> None:
        """Kill the server as the kernel does when memory is exhausted."""
        os.kill(self._postmaster(), signal.SIGKILL)

    def kill_backend(self, number: int) -> int:
        """Signal one backend that serves a client, and return its pid: SIGTERM ends it, SIGKILL crashes the server."""
        pid = self._backends()[0]
        os.kill(pid, number)
        return pid

    def _postmaster(self) -> int:
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def _signal_all(self, number: int) -> None:
        with suppress(OSError, ValueError):
            postmaster = self._postmaster()
            # The postmaster first, so that it starts no process meanwhile.
            for pid in (postmaster, *_children(postmaster)):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)

    def _backends(self) -> list[int]:
        """The backends of the API's pools, most recently started first."""
        found = []
        for pid in _children(self._postmaster()):
            with suppress(OSError):
                title = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
                if " strata strata " in title:
                    found.append(pid)
        return sorted(found, reverse=True)


def _children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError, IndexError):
                # The name of the program, in parentheses, may contain spaces.
                if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                    found.append(int(folder.name))
    return found


@dataclass(frozen=True)
class Sample:
    """One request: when it was sent, how long it took, and its response; ``error`` if there was none."""

    sent: float
    seconds: float
    operation: str
    status: int = 0
    retry_after: int | None = None
    error: str = ""
    title: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the response is a 2xx."""
        return 200 <= self.status < 300

    @property
    def rejected(self) -> bool:
        """Whether the response is a 503 or 504 that says when to retry."""
        return self.status in {503, 504} and self.retry_after is not None and self.retry_after >= 1


class Load:
    """20 requests a second with a paying key, in a thread, and ten readiness checks a second beside them.

    Fewer where a machine is so busy that a request takes longer than until the next one: it would reject requests
    without a fault.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self.samples: list[Sample] = []
        self.readiness: list[Sample] = []
        self._url = url
        self._headers = dict(headers)
        self._measured = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load")

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._measured.wait(PATIENCE), self.statuses()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(2 * _CLIENT_SECONDS)
        assert not self._thread.is_alive()

    def since(self, moment: float) -> list[Sample]:
        """The finished requests that were sent after a moment."""
        return [sample for sample in tuple(self.samples) if sample.sent >= moment]

    def statuses(self) -> Counter[str]:
        """How often each operation had each response."""
        return Counter(f"{one.operation} {one.status or one.error}" for one in tuple(self.samples))

    async def _run(self) -> None:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=50)
        async with httpx2.AsyncClient(base_url=self._url, timeout=_CLIENT_SECONDS, limits=limits) as client:
            body = {"title": "Shared", "content": "", "status": "published"}
            made = (await client.post("/api/v2/posts", json=body, headers=self._headers)).json()
            tick = await self._measured_tick(client, made)
            tasks = {asyncio.create_task(self._check_readiness(client))}
            for number in itertools.count(_MEASURED):
                if self._stop.is_set():
                    break
                tasks.add(asyncio.create_task(self._send(client, number, made)))
                await asyncio.sleep(tick)
            await asyncio.gather(*tasks)

    async def _measured_tick(self, client: httpx2.AsyncClient, post: Mapping[str, Any]) -> float:
        """The seconds between two requests, from those of a few without a fault, one after the other."""
        started = time.monotonic()
        for number in range(_MEASURED):
            await self._send(client, number, post)
        self._measured.set()
        return max(_TICK, (time.monotonic() - started) / _MEASURED)

    async def _check_readiness(self, client: httpx2.AsyncClient) -> None:
        while not self._stop.is_set():
            self.readiness.append(await _sample(client, "ready", "GET", "/health/ready"))
            await asyncio.sleep(_READY_TICK)

    async def _send(self, client: httpx2.AsyncClient, number: int, post: Mapping[str, Any]) -> None:
        title = f"{os.getpid()}-{id(self)}-{number}"
        operations: list[tuple[str, str, str, dict[str, Any]]] = [
            ("get", "GET", f"/api/v2/posts/{post['id']}", {}),
            ("create", "POST", "/api/v2/posts", {"json": {"title": title, "content": ""}}),
            ("list", "GET", "/api/v2/posts?limit=5", {}),
            ("view", "POST", f"/api/v2/posts/{post['id']}/views", {}),
            ("edit", "PATCH", f"/api/v2/posts/{post['id']}", {"json": {"content": title}}),
            ("me", "GET", "/api/v2/me", {}),
        ]
        name, method, path, options = operations[number % len(operations)]
        headers = self._headers | ({"Idempotency-Key": f'"{title}"'} if name == "create" else {})
        self.samples.append(await _sample(client, name, method, path, title, headers=headers, **options))


async def _sample(
    client: httpx2.AsyncClient, operation: str, method: str, path: str, title: str = "", **options: Any
) -> Sample:
    sent = time.monotonic()
    try:
        response = await client.request(method, path, **options)
    except httpx2.HTTPError as error:
        return Sample(sent, time.monotonic() - sent, operation, error=type(error).__name__, title=title)
    retry_after = response.headers.get("Retry-After")
    return Sample(
        sent,
        time.monotonic() - sent,
        operation,
        response.status_code,
        None if retry_after is None else int(retry_after),
        title=title,
    )


@dataclass
class Stack:
    """A running server and worker."""

    strata: Strata
    url: str
    postgres: Postgres
    redis: RedisServer
    headers: Mapping[str, str]
    server: Process
    worker: Process = field(init=False)
    _worker_context: AbstractContextManager[Process] | None = None
    _addresses: Iterator[int] = field(default_factory=itertools.count)

    def start_worker(self) -> None:
        """Start a worker; it replaces one that was killed."""
        self.stop_worker()
        self._worker_context = self.strata.running("worker")
        self.worker = self._worker_context.__enter__()

    def stop_worker(self) -> None:
        """Stop the worker."""
        if self._worker_context is not None:
            self._worker_context.__exit__(None, None, None)
            self._worker_context = None

    def register(self) -> str:
        """Register a user, which enqueues a job, and return the address to which the job sends a mail."""
        address = f"user{next(self._addresses)}-{time.time_ns()}@example.com"
        body = {"email": address, "password": PASSWORD, "display_name": "Ada"}

        def accepted() -> bool:
            response = httpx2.post(f"{self.url}/api/v2/auth/registrations", json=body, timeout=_CLIENT_SECONDS)
            # On a busy machine the server is overloaded at times. The samples of the load show whether it recovers.
            assert response.status_code in {202, 503}, response.text
            return response.status_code == 202

        wait_until(accepted, PATIENCE, self.logs)
        return address

    def mailed(self, address: str) -> bool:
        """Whether the job of this address was done."""
        return any(mail.to == address for mail in read_mailbox(mailbox_folder(self.strata.home)))

    def logs(self) -> str:
        """The last lines of server and worker."""
        return "\n".join("\n".join(self.strata.log(name).splitlines()[-40:]) for name in ("serve", "worker"))


@contextmanager
def running_stack(folder: Path, **variables: str) -> Iterator[Stack]:
    """Start PostgreSQL, Redis, a server and a worker."""
    postgres = Postgres(folder / "database")
    try:
        with running_redis(folder / "redis") as redis:
            strata = Strata(
                folder / "home", postgres.start(), STRATA_LOG__FORMAT="json", **{REDIS_URL: redis.url}, **variables
            )
            strata.run("migrate", "up")
            strata.run("users", "create", "payer@example.com", "--role", "author")
            key = strata.json("keys", "create", "payer@example.com", "--plan", "enterprise")["key"]
            port = free_port()
            with strata.running("serve", PORT=str(port)) as process:
                url = f"http://127.0.0.1:{port}"
                wait_until_ready(url, process, lambda: strata.log("serve"))
                stack = Stack(strata, url, postgres, redis, {"X-API-Key": key}, process)
                stack.start_worker()
                try:
                    wait_until(lambda: "worker_connected" in strata.log("worker"), PATIENCE, stack.logs)
                    yield stack
                finally:
                    stack.stop_worker()
    finally:
        postgres.destroy()
