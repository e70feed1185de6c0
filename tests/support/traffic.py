"""A known mix of requests of several consumers to both versions, with a record of the responses."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx2

from tests.support.live import Strata
from tests.support.uploads import png
from tests.support.waiting import PATIENCE, wait_until
from versions.registry import VERSIONS

OLDEST = VERSIONS[0].name
UNMATCHED = "unmatched"
MISSING = "/api/v2/posts/post_01h455vb4pex5vsknk084sn02q"
MOST_SECONDS = 3600
"""Traffic stops by itself when its test fails."""
PAUSE = 1.5
"""Seconds between two rounds: anonymous callers stay below their limit."""

Headers = Mapping[str, str]


@dataclass(frozen=True)
class Exchange:
    """A response and its request."""

    consumer: str
    version: str
    route: str
    status: int


@dataclass
class Traffic:
    """Sends identical rounds of requests, so every share is known in advance."""

    url: str
    consumers: Mapping[str, Headers]
    """``author`` may write, ``reader`` may not; both have an API key. ``anonymous`` has none."""
    responses: Counter[Exchange] = field(default_factory=Counter)
    rounds: int = 0
    traces: set[str] = field(default_factory=set)
    """Traces that the author started with the sampled flag."""
    _ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def one_round(self) -> None:
        """About 20 requests, some to the oldest version, with every kind of response that dashboards distinguish."""
        for _ in range(4):
            self._send("author", OLDEST, "/posts")
            self._send("reader", "v2", "/posts", path="/api/v2/posts?fields=id,v1_id")
        for _ in range(3):
            self._send("reader", OLDEST, "/posts")
            self._send("author", "v2", "/me")
        self._send("anonymous", OLDEST, "/posts")
        self._send("anonymous", OLDEST, "/users")
        self._send("reader", "v2", "/posts/{post_id}", path=MISSING)
        # An unmatched path needs no credentials.
        self._send("anonymous", "v2", UNMATCHED, path="/api/v2/nothing-here")
        self._replay()
        self._transfer()
        self._sign_in()
        self.rounds += 1

    def _replay(self) -> None:
        """The same POST twice: the second gets the stored response."""
        once = {"Idempotency-Key": str(uuid4())}
        body = {"title": "Known", "content": "Sent twice, written once."}
        for _ in range(2):
            self._send("author", "v2", "/posts", method="POST", headers=once, json=body)

    def _transfer(self) -> None:
        """An upload, the download of its file, and an export."""
        file = self._send("author", "v2", "/files", method="POST", files={"file": ("a.png", png(), "image/png")}).json()
        path = f"/api/v2/files/{file['id']}/content"
        self._send("author", "v2", "/files/{file_id}/content", path=path)
        self._send("author", "v2", "/exports/posts")

    def _sign_in(self) -> None:
        """A wrong password, each round for another user, because failed attempts are limited per user."""
        form = {"grant_type": "password", "username": f"unknown-{self.rounds}@example.com", "password": "wrong horse"}
        self._send("anonymous", "v2", "/auth/token", method="POST", data=form)

    def _send(
        self,
        consumer: str,
        version: str,
        route: str,
        *,
        path: str | None = None,
        method: str = "GET",
        headers: Headers | None = None,
        **body: Mapping[str, object],
    ) -> httpx2.Response:
        # A connection of its own for each, so that every worker gets some. pytest changes the environment meanwhile.
        own = self._trace() if consumer == "author" else {}
        response = httpx2.request(
            method,
            self.url + (path or f"/api/{version}{route}"),
            headers={**self.consumers[consumer], **own, **(headers or {})},
            timeout=PATIENCE,
            trust_env=False,
            **body,
        )
        template = route if route == UNMATCHED else f"/api/{version}{route}"
        self.responses[Exchange(consumer, version, template, response.status_code)] += 1
        return response

    def _trace(self) -> Headers:
        """The context of a new trace with the sampled flag (W3C Trace Context: flag 01)."""
        trace_id = uuid4().hex
        self.traces.add(trace_id)
        return {"traceparent": f"00-{trace_id}-{uuid4().hex[:16]}-01"}

    def start(self) -> None:
        """Send in the background until ``stop``."""
        self._thread = threading.Thread(target=self._run, name="traffic", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the current round."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(PATIENCE)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Send nothing within the block, and at least one whole round after it, also if the block fails."""
        self.stop()
        try:
            yield
        finally:
            sent = self.rounds
            self._ending.clear()
            self.start()
        wait_until(lambda: self.rounds > sent, PATIENCE)

    def _run(self) -> None:
        ends = time.monotonic() + MOST_SECONDS
        while time.monotonic() < ends and not self._ending.wait(PAUSE):
            self.one_round()

    def seen(self) -> dict[Exchange, int]:
        """The responses so far."""
        return dict(self.responses)

    def by(self, *names: str) -> dict[tuple[str, ...], int]:
        """Responses counted by some attributes."""
        found: Counter[tuple[str, ...]] = Counter()
        for exchange, times in self.seen().items():
            found[tuple(str(getattr(exchange, name)) for name in names)] += times
        return dict(found)


def consumers(strata: Strata) -> dict[str, Headers]:
    """Headers of an author, of a reader and of an anonymous caller."""
    found: dict[str, Headers] = {"anonymous": {}}
    for name in ("author", "reader"):
        email = f"{name}@example.com"
        strata.run("users", "create", email, "--role", "author")
        key = strata.json("keys", "create", email, "--name", name, "--plan", "enterprise")["key"]
        found[name] = {"X-API-Key": key}
    return found
