"""Sends the requests of a row, and compares responses and the database with its cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import httpx2

from tests.support.operations import Operation, operations
from tests.truth.outcomes import Cell, wire
from tests.truth.states import STATES, Values
from tests.truth.table import Act, Call, Effect, KeyRow, Row
from tests.truth.world import Headers, World, keys_to_try

_CHALLENGES: Final = {"unauthenticated": "Bearer", "invalid_token": 'Bearer error="invalid_token"'}
_NAMING_A_SCOPE: Final = {"insufficient_permissions", "not_your_account", "not_the_author"}


@cache
def operations_of(version: str) -> Mapping[str, Operation]:
    """The operations of the version's contract by their ids."""
    return {operation.name: operation for operation in operations(version)}


@dataclass(frozen=True)
class Attempt:
    """One caller's request, with the expected cell."""

    row: Row | KeyRow
    version: str
    call: Call
    caller: str
    """The name of the user."""
    credentials: str
    headers: Headers
    cell: Cell

    @property
    def act(self) -> Act:
        return self.row.table.acts[self.row.act]

    @property
    def effects(self) -> Sequence[Effect]:
        return self.act.effects if self.call.effects is None else self.call.effects

    @property
    def changes_nothing(self) -> bool:
        """Whether the request is refused, or has no effect that the table names."""
        act = self.act
        if not self.cell.outcome.allowed and not act.keeps_changes:
            return True
        return not (self.effects or act.events or act.mails is not None)

    def __str__(self) -> str:
        return f"{self.row} as {self.credentials} in {self.version} ({self.call.operation})"


async def check_row(world: World, row: Row, version: str) -> None:
    """Every caller of the row, with each of its credentials."""
    attempts = [
        Attempt(row, version, call, caller, caller, headers, cell)
        for call in row.table.acts[row.act].calls[version]
        for caller, cell in row.cells.items()
        for headers in world.callers[caller]
    ]
    await _check(world, attempts)


async def check_keys(world: World, row: KeyRow, version: str) -> None:
    """Keys with no scope, each single scope, the needed ones and all."""
    attempts = []
    for call in row.table.acts[row.act].calls[version]:
        needed = row.needed(call)
        for scopes in keys_to_try(needed):
            headers = await world.key_of(row.owner, scopes)
            label = f"a key of {row.owner} with {', '.join(sorted(scopes)) or 'no scope'}"
            attempts.append(Attempt(row, version, call, row.owner, label, headers, row.expected(call, scopes)))
    await _check(world, attempts)


async def _check(world: World, attempts: Sequence[Attempt]) -> None:
    groups: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        if attempt.changes_nothing:
            # The objects of one caller must not be counted in the list of another.
            groups.setdefault("" if attempt.cell.count is None else attempt.caller, []).append(attempt)
    for unchanging in groups.values():
        try:
            await _check_unchanging(world, unchanging)
        except AssertionError:
            # One at a time, to name the one that changed something.
            for attempt in unchanging:
                await _check_unchanging(world, [attempt])
            raise
    for attempt in attempts:
        if not attempt.changes_nothing:
            await _check_effect(world, attempt)


async def _check_unchanging(world: World, attempts: Sequence[Attempt]) -> None:
    """The requests have the expected outcomes and change nothing, together: a digest of all rows is expensive."""
    async with world.rolled_back():
        arranged: dict[str, Values] = {}
        for attempt in attempts:
            state = STATES[attempt.row.state]
            key = attempt.caller if state.of_the_caller else ""
            if key not in arranged:
                arranged[key] = await state.arrange(world, attempt.caller)
        before = await world.fingerprint()
        for attempt in attempts:
            values = arranged[attempt.caller if STATES[attempt.row.state].of_the_caller else ""]
            response = await _send(world, attempt, values)
            _compare(attempt, response)
            _compare_challenge(attempt, response)
            _compare_scope(attempt, response)
            _compare_count(attempt, response)
        assert await world.fingerprint() == before, f"{', '.join(map(str, attempts))}: rows changed"


async def _check_effect(world: World, attempt: Attempt) -> None:
    """The request has the expected outcome and changes what the act names."""
    act, effects = attempt.act, attempt.effects
    async with world.rolled_back():
        values = await STATES[attempt.row.state].arrange(world, attempt.caller)
        last = await world.last_event()
        response = await _send(world, attempt, values)
        _compare(attempt, response)
        _compare_count(attempt, response)
        events = [name for name in await world.events_since(last) if name not in act.ended]
        assert events == list(act.events), f"{attempt}: expected the events {list(act.events)}, got {events}"
        if act.mails is not None:
            sent = [mail.subject for mail in await world.test_app.deliver()]
            assert sent == list(act.mails), f"{attempt}: expected the mails {list(act.mails)}, got {sent}"
        for effect in effects:
            arguments = [values["row"]] if "$1" in effect.query else []
            found = await world.value(effect.query, *arguments)
            assert found == effect.value, f"{attempt}: expected {effect.value!r} from {effect.query}, got {found!r}"


async def _send(world: World, attempt: Attempt, values: Values) -> httpx2.Response:
    call = attempt.call
    operation = operations_of(attempt.version)[call.operation]
    known = {name: value[attempt.version] if isinstance(value, dict) else value for name, value in values.items()}
    content: dict[str, Any] = {}
    if call.json is not None:
        content["json"] = _filled(call.json, known)
    if call.form is not None:
        content["data"] = _filled(call.form, known)
    if call.files is not None:
        content["files"] = list(call.files)
    method = call.method or operation.method
    headers = attempt.headers | _filled(call.headers, known)
    return await world.send(
        method, operation.url(**known), params=_filled(call.query, known), headers=headers, **content
    )


def _filled(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with ``$name`` replaced by the value of that name."""
    if isinstance(template, str):
        return values[template[1:]] if template.startswith("$") else template
    if isinstance(template, list):
        return [_filled(part, values) for part in template]
    if isinstance(template, Mapping):
        return {name: _filled(part, values) for name, part in template.items()}
    return template


def _compare(attempt: Attempt, response: httpx2.Response) -> None:
    outcome = attempt.cell.outcome
    found = attempt.call.read(response)
    expected = (attempt.call.status, "") if outcome.allowed else outcome.reason(attempt.version)
    assert found == expected, f"{attempt}: expected {expected}, got {found}: {response.text[:300]}"


def _compare_count(attempt: Attempt, response: httpx2.Response) -> None:
    if attempt.cell.count is not None:
        count = attempt.act.count
        assert count is not None, f"{attempt}: the act counts nothing"
        counted = count(response)
        assert counted == attempt.cell.count, f"{attempt}: expected {attempt.cell.count}, got {counted}"


def _compare_challenge(attempt: Attempt, response: httpx2.Response) -> None:
    """A 401 says how to authenticate (RFC 6750, section 3)."""
    expected = _CHALLENGES.get(attempt.cell.outcome.code)
    if expected is not None:
        found = response.headers.get("WWW-Authenticate")
        assert found == expected, f"{attempt}: expected {expected!r} in WWW-Authenticate, got {found!r}"


def _compare_scope(attempt: Attempt, response: httpx2.Response) -> None:
    """A 403 names a scope that is missing, in its header and in the problem."""
    row = attempt.row
    if not isinstance(row, KeyRow) or attempt.cell.outcome.code not in _NAMING_A_SCOPE:
        return
    if attempt.cell is row.cell:
        return  # No scope would be enough.
    scope = attempt.call.missing_scope(response)
    named = frozenset(scope.split())
    assert named, f"{attempt}: the 403 names no scope: {response.headers} {response.text[:300]}"
    assert named <= row.needed(attempt.call).keys(), f"{attempt}: {scope!r} names a scope that is not needed"
    held = frozenset(attempt.credentials.partition(" with ")[2].split(", "))
    assert not row.cell.outcome.allowed or not named & held, f"{attempt}: {scope!r} names a scope that the key has"
    if wire(attempt.version).SCOPE_IN_BODY and not response.is_success:
        assert response.json()["required_scope"] == scope, str(attempt)
