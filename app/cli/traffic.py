"""``strata traffic``: sends realistic load to a local server, so that dashboards show data."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from queue import Empty, Queue
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from app.access.commands import KeyDraft
from app.access.permissions import key_scopes
from app.access.service import ApiKeyService
from app.cli.kit.environment import with_database
from app.cli.kit.local_server import ensure_loopback, server_url
from app.cli.kit.output import AsJson, CommandError, show_json, show_table
from app.cli.kit.signals import ShutdownSignals
from app.cli.kit.users import new_password, user_service
from app.kit.db.database import Database
from app.lifecycle.version import VersionStatus
from app.users.commands import UserDraft
from app.users.errors import UserNotFound
from versions.kit.traffic import POST, Sample, Traffic

_TIMEOUT: Final = 10
_THREADS: Final = 8
_CONSUMERS: Final = ("enterprise", "pro", "pro", "free")


@dataclass(slots=True)
class _Session:
    """The state that the simulated clients share."""

    keys: list[str] = field(default_factory=list)
    users: list[int] = field(default_factory=list)
    """The ids of created users."""
    posts: dict[str, list[str]] = field(default_factory=dict)
    """The ids of created posts by version: each version creates its own."""
    statuses: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


Step = Callable[["_Client"], None]


def traffic(
    url: Annotated[str | None, typer.Option(help="URL of the server; default: the server of this STRATA_HOME.")] = None,
    rps: Annotated[float, typer.Option(min=0.1, max=500, help="Requests per second.")] = 20,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="Duration.")] = 60,
    as_json: AsJson = False,
) -> None:
    """Send a mix of requests to each version, from several consumers: reads, searches, writes and invalid requests.

    Creates users, keys and posts in the database of this STRATA_HOME, and removes them at its end, also on Ctrl-C.
    """
    base = server_url(url)
    ensure_loopback(base)
    session = _Session()
    signals = ShutdownSignals()
    with signals.handle():
        try:
            with_database(partial(_create_keys, session))
            _run(base, session, rps, seconds)
        finally:
            signals.disarm()
            with_database(partial(_remove, session))
    if as_json:
        show_json(dict(sorted(session.statuses.items())))
    else:
        show_table(
            ("status", "responses"), [(s, str(n)) for s, n in sorted(session.statuses.items())], empty="No responses."
        )
    if not any(status.isdecimal() for status in session.statuses):
        message = f"{base} did not respond."
        raise CommandError(message, "Run `strata up` first, or pass --url.")


async def _create_keys(session: _Session, database: Database) -> None:
    for number, plan in enumerate(_CONSUMERS):
        email = f"traffic-{number}-{random.randrange(10**9)}@seed.example"  # noqa: S311 - no secret
        async with database.write() as transaction:
            user = await user_service(transaction).create(UserDraft(email, new_password(), f"Traffic {number}"))
            draft = KeyDraft(user.id, "strata traffic", sorted(key_scopes()), plan=plan)
            _, key = await ApiKeyService(transaction).create(draft)
        session.users.append(user.id)
        session.keys.append(key)


async def _remove(session: _Session, database: Database) -> None:
    """Delete the users; their keys and posts are deleted with them."""
    for user in session.users:
        async with database.write() as transaction:
            with suppress(UserNotFound):
                await user_service(transaction).delete(user)


def _run(base: str, session: _Session, rps: float, seconds: float) -> None:
    due: Queue[Step] = Queue(maxsize=_THREADS * 4)
    ended = threading.Event()
    threads = [threading.Thread(target=_work, args=(_Client(base, session), due, ended)) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    steps, weights = zip(*_mix(), strict=True)
    columns = (TextColumn("Sending"), BarColumn(), TextColumn("{task.completed:.0f} requests"), TimeRemainingColumn())
    try:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task("requests", total=rps * seconds)
            started = time.monotonic()
            for number in range(int(rps * seconds)):
                time.sleep(max(0.0, started + number / rps - time.monotonic()))
                due.put(random.choices(steps, weights)[0], timeout=_TIMEOUT)  # noqa: S311 - no secret
                progress.advance(task)
    except KeyboardInterrupt:
        return
    finally:
        ended.set()
        for thread in threads:
            thread.join(_TIMEOUT * 2)


def _work(client: "_Client", due: "Queue[Step]", ended: threading.Event) -> None:
    while True:
        try:
            step = due.get(timeout=0.2)
        except Empty:
            if ended.is_set():
                client.close()
                return
            continue
        step(client)


class _Client:
    """One keep-alive connection that several consumers share."""

    def __init__(self, base: str, session: _Session) -> None:
        parts = urlsplit(base)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
        self._session = session

    def close(self) -> None:
        self._connection.close()

    def request(self, method: str, path: str, body: object = None, *, anonymous: bool = False) -> Any:
        """Send one request, count the response, and return its parsed body; ``None`` without one or after an error."""
        headers = {} if anonymous else {"X-API-Key": random.choices(self._session.keys, (8, 4, 2, 1))[0]}  # noqa: S311 - no secret
        text = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            text = json.dumps(body)
        try:
            self._connection.request(method, path, text, headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._count(type(error).__name__)
            return None
        self._count(str(response.status))
        return json.loads(content) if content and response.status < 300 else None  # noqa: PLR2004 - the successes

    def send(self, prefix: str, sample: Sample, unknown_post: str) -> None:
        """Send a sample request to the version with this prefix."""
        path = sample.path
        if POST in path:
            path = path.replace(POST, self._post(prefix) or unknown_post)
        body = sample.body
        if sample.creates_post:
            body = {**(body or {}), "title": f"Traffic {random.randrange(10**6)}"}  # noqa: S311 - no secret
        created = self.request(sample.method, f"{prefix}{path}", body, anonymous=sample.anonymous)
        if sample.creates_post and created is not None:
            with self._session.lock:
                self._session.posts.setdefault(prefix, []).append(str(created["id"]))

    def _post(self, prefix: str) -> str | None:
        with self._session.lock:
            created = self._session.posts.get(prefix)
            return random.choice(created) if created else None  # noqa: S311 - no secret

    def _count(self, status: str) -> None:
        with self._session.lock:
            self._session.statuses[status] += 1


def _mix() -> Iterator[tuple[Step, int]]:
    """The sample requests of every version that serves requests, with their weights."""
    from versions.registry import VERSIONS  # noqa: PLC0415 - other commands start faster without it

    for version in VERSIONS:
        if version.status is not VersionStatus.RETIRED:
            traffic: Traffic = import_module(f"versions.{version.name}.traffic").TRAFFIC
            for sample in traffic.samples:
                yield _step(version.prefix, sample, traffic.unknown_post), sample.weight


def _step(prefix: str, sample: Sample, unknown_post: str) -> Step:
    return lambda client: client.send(prefix, sample, unknown_post)
