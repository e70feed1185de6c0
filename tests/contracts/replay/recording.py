"""Recorded requests: what a consumer sent, and what it received and reads of it."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Json = Any
Pairs = tuple[tuple[str, str], ...]
READS: Final = "API-Reads"


@dataclass(frozen=True)
class Recorded:
    """One accepted request of a consumer. `reads` are the paths of the members that it declares to read."""

    consumer: str
    method: str
    path: str
    query: Pairs = ()
    headers: Pairs = ()
    body: Json = None
    reads: tuple[str, ...] = ()
    response: Json = field(default=None, compare=False)
    scopes: tuple[str, ...] = ()

    @property
    def operation(self) -> tuple[str, str]:
        """The method and the path without ids and version, and the version."""
        return self.method, re.sub(r"(post|usr)_[0-9a-z]{26}", "{}", self.path)

    @property
    def version(self) -> str:
        """The version that the request calls."""
        return self.path.split("/")[2]

    @property
    def template(self) -> str:
        """The path as the contract has it."""
        return self.operation[1].removeprefix(f"/api/{self.version}").replace("{}", "{post_id}")

    def values(self, name: str) -> list[str]:
        """The values of a query parameter."""
        return [value for key, value in self.query if key == name]

    def header(self, name: str) -> str | None:
        """The value of a header."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def names(self) -> set[str]:
        """The names of the members of the body."""
        return set(self.body) if isinstance(self.body, dict) else set()

    def content(self) -> bytes | None:
        """The body as it was sent."""
        return None if self.body is None else json.dumps(self.body).encode()


def members(response: Json, path: Sequence[str]) -> Iterator[Json]:
    """The values at a path in a response; in a page, of each item. A missing member yields `Ellipsis`."""
    items = response["data"] if isinstance(response, dict) and isinstance(response.get("data"), list) else [response]
    for item in items:
        value = item
        for step in path:
            value = value.get(step, ...) if isinstance(value, dict) else ...
        yield value


def is_broken(recorded: Recorded, response: Json) -> bool:
    """Whether a response lacks a member that the consumer reads, or has it with another type than the recorded one."""
    for path in recorded.reads:
        before = [value for value in members(recorded.response, path.split("/")) if value is not ...]
        after = list(members(response, path.split("/")))
        types = {type(value) for value in before} | {type(None)}
        if before and (... in after or {type(value) for value in after} - types):
            return True
    return False
