"""Consumers with random habits: what each sends and reads, and what it never does."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from tests.support.wire import WIRE
from versions.registry import VERSIONS

Json = Any
STRICT: Final = f"/api/{WIRE}"
LENIENT: Final = VERSIONS[0].prefix
"""The version that ignores what it does not declare."""
READABLE: Final = ("id", "title", "content", "status", "view_count", "published_at", "v1_id")
KINDS: Final = ("list", "create", "batch", "update", "read", "lenient list", "lenient create")
JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Draft:
    """A request before it is sent. `{}` in the path stands for a post of the consumer."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: Json = None
    reads: tuple[str, ...] = ()


class Habits:
    """The habits of one consumer, chosen once by its random numbers."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._longest_title = random.choice([8, 19, 60, 101, 200])
        self._shortest_title = random.choice([1, 1, 3, 6])
        self._longest_content = random.choice([0, 50, 400])
        self._members = {name for name in ("status", "attachments") if random.random() < 0.6}
        self._statuses = random.choice([["draft"], ["published"], ["draft", "published"]])
        self._limits = random.choice([[], [1, 5], [20, 50], [60, 100]])
        self._parameters = {name for name in ("q", "sort", "status", "include") if random.random() < 0.4}
        self._reads = random.choice([None, None, ["id"], random.sample(READABLE, 2), random.sample(READABLE, 4)])
        self._media = random.choice([JSON, JSON, MERGE_PATCH])
        self._is_careful = random.random() < 0.4
        self._sends_unknown = random.random() < 0.3
        self._capitals = random.random() < 0.5
        self._kinds = random.sample(KINDS, random.randint(1, 5))

    def drafts(self, *, anonymous: bool) -> Iterator[Draft]:
        """The requests of one run."""
        kinds = ["list"] if anonymous else ["create", *self._kinds]
        for _ in range(self._random.randint(1, 2)):
            yield from map(self.draft, kinds)

    def draft(self, kind: str) -> Draft:
        """A request of one of `KINDS`."""
        makers = {
            "list": self._list,
            "create": self._create,
            "batch": self._batch,
            "update": self._update,
            "read": self._read,
            "lenient list": self._lenient_list,
            "lenient create": self._lenient_create,
        }
        return makers[kind]()

    def _list(self) -> Draft:
        query = [("limit", str(self._random.choice(self._limits)))] if self._limits else []
        if "q" in self._parameters:
            query.append(("q", self._random.choice(["rock", "rock layers"])))
        if "status" in self._parameters:
            query.append(("status", "published"))
        elif "sort" in self._parameters:
            query.append(("sort", self._random.choice(["title", "-created_at,title"])))
        if "include" in self._parameters and self._reads is None:
            query.append(("include", "author"))
        reads = tuple(self._reads or ())
        if reads:
            query.append(("fields", ",".join(reads)))
        if "include" in self._parameters and not reads:
            reads = ("author/display_name",)
        return Draft("GET", f"{STRICT}/posts", tuple(query), self._declared(reads), reads=reads)

    def _declared(self, reads: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        return (("API-Reads", ", ".join(f'"{one}"' for one in reads)),) if reads else ()

    def _create(self) -> Draft:
        body: dict[str, Json] = {
            "title": self._title(),
            "content": "c" * self._random.choice([0, self._longest_content]),
        }
        if "status" in self._members:
            body["status"] = self._random.choice(self._statuses)
        if "attachments" in self._members:
            body["attachments"] = []
        headers = (("Idempotency-Key", f"{self._random.getrandbits(64):x}"),) if self._is_careful else ()
        return Draft("POST", f"{STRICT}/posts", headers=(("Content-Type", JSON), *headers), body=body)

    def _batch(self) -> Draft:
        operations: list[Json] = [
            {"op": "create", "post": self._create().body} for _ in range(self._random.randint(1, 2))
        ]
        return Draft(
            "POST", f"{STRICT}/posts/batch", headers=(("Content-Type", JSON),), body={"operations": operations}
        )

    def _update(self) -> Draft:
        body: dict[str, Json] = {"title": self._title()} if self._random.random() < 0.7 else {"content": "new"}
        if "status" in self._members:
            body["status"] = self._random.choice([*self._statuses, "archived"])
        headers = (("If-Match", "*"),) if self._is_careful else ()
        return Draft("PATCH", f"{STRICT}/posts/{{}}", headers=(("Content-Type", self._media), *headers), body=body)

    def _read(self) -> Draft:
        reads = tuple(self._reads or ())
        query = (("fields", ",".join(reads)),) if reads and self._random.random() < 0.5 else ()
        return Draft("GET", f"{STRICT}/posts/{{}}", query, self._declared(reads), reads=reads)

    def _lenient_list(self) -> Draft:
        query = [("page_size", str(self._random.choice([5, 30])))] if self._random.random() < 0.5 else []
        if self._sends_unknown:
            query.append(("colour", "red"))
        return Draft("GET", f"{LENIENT}/posts", tuple(query))

    def _lenient_create(self) -> Draft:
        body: dict[str, Json] = {"title": self._title(), "content": "c"}
        if "status" in self._members:
            body["published"] = self._random.random() < 0.5
        if self._sends_unknown:
            body["colour"] = "red"
        return Draft("POST", f"{LENIENT}/posts", headers=(("Content-Type", JSON),), body=body)

    def _title(self) -> str:
        length = self._random.choice([self._shortest_title, self._longest_title])
        return ("T" if self._capitals else "t") * max(length, self._shortest_title)
