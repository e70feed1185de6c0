"""Truth tables: handwritten outcomes of operations of the core, by caller, scope and state of the object.

A table has three parts. ``acts`` describes operations of the core; `tests/truth/vN/<feature>.py` maps each of them to
the requests that perform it in a version.
``rows`` lists, for an act and the state of its object, the outcome for each caller. ``keys`` lists the scopes that an
API key needs for that act, each with the outcome for a key that lacks it; the outcome for a key with any other scope
follows from them.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from tests.truth.outcomes import INSUFFICIENT, Cell, parse_cell

EVERYONE: Final = "everyone"
"""The column of operations that ignore credentials."""
CREDENTIALS: Final = "anonymous", "author", "deactivated"
"""The callers of that column: with no credentials, valid ones and rejected ones."""
_ROW: Final = re.compile(r"(?P<act>\S*)\s+(?P<state>\S.*?)\s*\|\s*(?P<cells>.*)")

Reason = tuple[int, str]
"""The status of a response, and what names the failure: its code, or its detail in a version without codes; empty for
a success."""


def reason_of(response: httpx2.Response) -> Reason:
    """The status and the name of the failure."""
    if response.is_success:
        return response.status_code, ""
    body = response.json()
    return response.status_code, body.get("code") or str(body.get("detail", body))


def reason_of_redirect(response: httpx2.Response) -> Reason:
    """The same where a redirect is the success."""
    return (response.status_code, "") if response.has_redirect_location else reason_of(response)


def challenged_scope(response: httpx2.Response) -> str:
    """The scope that the challenge of a 403 names; empty without one."""
    challenge = response.headers.get("WWW-Authenticate", "")
    return challenge.removeprefix('Bearer error="insufficient_scope", scope="').removesuffix('"')


@dataclass(frozen=True)
class Effect:
    """What an act changes: the first value of the statement's result. ``$1`` is the id of the object's row."""

    query: str
    value: object


@dataclass(frozen=True)
class Call:
    """A request. Text ``$name`` in it stands for a value of the object; ``status`` is that of its success."""

    operation: str
    status: int = 200
    json: Any = None
    form: Mapping[str, str] | None = None
    files: Sequence[tuple[str, tuple[str, bytes, str]]] | None = None
    """The files of a multipart form: field, name, content and media type."""
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str | None = None
    effects: Sequence[Effect] | None = None
    """Replaces the effects of the act where versions differ."""
    read: Callable[[httpx2.Response], Reason] = reason_of
    missing_scope: Callable[[httpx2.Response], str] = challenged_scope
    also_needs: Sequence[str] = ()
    """Scopes that this request needs in addition to those of the row."""


@dataclass(frozen=True)
class Act:
    """An operation of the core. Without effects, events and mails, a success changes nothing in the database."""

    effects: Sequence[Effect] = ()
    events: Sequence[str] = ()
    count: Callable[[httpx2.Response], int] | None = None
    """The number that a cell like ``ok:3`` states, from the response."""
    mails: Sequence[str] | None = None
    """The subjects of the mails that a success causes; None for an act whose mails do not matter."""
    ended: Sequence[str] = ()
    """The types of events of the caller's other objects, which end with the act. Their number does not matter."""
    keeps_changes: bool = False
    """Whether effects and events belong to the failure."""
    calls: Mapping[str, Sequence[Call]] = field(default_factory=dict)
    """The requests by version; those of a version that does not perform the act are missing."""


@dataclass(frozen=True)
class Row:
    """One state of an act's object, with the outcome for each caller."""

    table: "Table"
    act: str
    state: str
    cells: Mapping[str, Cell]

    def __str__(self) -> str:
        return f"{self.act}, {self.state}"


@dataclass(frozen=True)
class KeyRow:
    """The scopes that a key of ``owner`` needs, in the order of the checks, with the outcomes without them."""

    table: "Table"
    act: str
    state: str
    owner: str
    cell: Cell
    """The outcome with all scopes."""
    lacking: Mapping[str, Cell]

    def __str__(self) -> str:
        return f"{self.act}, {self.state}, keys of {self.owner}"

    def needed(self, call: Call) -> Mapping[str, Cell]:
        """The scopes that this request needs, with the outcomes without them."""
        return dict.fromkeys(call.also_needs, INSUFFICIENT) | dict(self.lacking)

    def expected(self, call: Call, scopes: frozenset[str]) -> Cell:
        """The outcome for a key with these scopes."""
        return next((cell for scope, cell in self.needed(call).items() if scope not in scopes), self.cell)


@dataclass(frozen=True)
class Table:
    """The table of one feature. ``outcomes`` gives the meaning of the feature's own tokens."""

    acts: Mapping[str, Act]
    outcomes: Mapping[str, str]
    rows: str
    keys: str = ""

    def parsed_rows(self) -> Iterator[Row]:
        """The rows, each with one cell per caller."""
        columns: list[str] = []
        for name, state, tokens in _lines(self.rows):
            if not state:
                columns = tokens
                continue
            alike = columns == [EVERYONE]
            names = CREDENTIALS if alike else columns
            cells = tokens * len(names) if alike else tokens
            assert len(cells) == len(names), f"{name}, {state}: {len(cells)} cells for {len(names)} callers"
            parsed = {caller: parse_cell(cell, self.outcomes) for caller, cell in zip(names, cells, strict=True)}
            yield Row(self, name, state, {caller: cell for caller, cell in parsed.items() if cell is not None})

    def parsed_keys(self) -> Iterator[KeyRow]:
        """The rows of ``keys``."""
        for name, state, cells in _lines(self.keys):
            owner, *tokens = cells
            found, *lacking = (parse_cell(token, self.outcomes) for token in (tokens[0], *tokens[2::2]))
            assert found is not None
            needed = dict(zip(tokens[1::2], lacking, strict=True))
            yield KeyRow(self, name, state, owner, found, {scope: cell for scope, cell in needed.items() if cell})


def _lines(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """Act, state and cells of each line; an empty act is that of the line above. The state of a header is empty."""
    act_above = ""
    for line in filter(str.strip, text.splitlines()):
        head, _, cells = line.partition("|")
        if not head.strip():
            yield "", "", cells.split()
            continue
        found = _ROW.fullmatch(line)
        assert found is not None, f"not a row: {line!r}"
        act_above = found["act"] or act_above
        yield act_above, found["state"], found["cells"].split()
