"""The tables contain every operation of every contract, and nothing else."""

from collections.abc import Iterator

import pytest

from app.access.permissions import key_scopes
from tests.support.operations import ALL, VERSIONS, Operation
from tests.truth.runner import operations_of
from tests.truth.states import STATES
from tests.truth.table import KeyRow
from tests.truth.tables import KEYS, ROWS, TABLES

DECLARATION = "x-required-permission"
POLICY = {"posts:read_all", "posts:moderate"}
"""Scopes that decide about an object of another user, so no operation declares that it needs them."""


def performed(rows: list[KeyRow]) -> Iterator[tuple[Operation, KeyRow]]:
    """The operations of the rows in every version."""
    for row in rows:
        for version, calls in row.table.acts[row.act].calls.items():
            for call in calls:
                yield operations_of(version)[call.operation], row


def declared(operation: Operation) -> list[frozenset[str]]:
    """The alternatives that the document declares, each a set of permissions."""
    return [frozenset(text.split()) for text in operation.spec[DECLARATION]]


def test_every_operation_of_every_version_is_in_a_row() -> None:
    missing = {f"{operation.version} {operation.name}" for operation in ALL}
    for row in ROWS:
        for version, calls in row.table.acts[row.act].calls.items():
            missing -= {f"{version} {call.operation}" for call in calls}
    assert missing == set(), "add an act and its rows to the table of the feature in tests/truth"


def test_every_call_is_an_operation_of_its_version() -> None:
    for table in TABLES:
        for name, act in table.acts.items():
            assert set(act.calls) <= set(VERSIONS), name
            for version, calls in act.calls.items():
                assert calls, f"{name} in {version}"
                unknown = {call.operation for call in calls} - operations_of(version).keys()
                assert not unknown, f"{name}: {version} has no {unknown}"


def test_every_act_and_state_is_used() -> None:
    for table in TABLES:
        names = [row.act for row in table.parsed_rows()]
        assert set(names) ^ set(table.acts) == set(), "rows without an act, or acts without a row"
        assert {row.act for row in table.parsed_keys()} <= set(names)
    assert ({row.state for row in ROWS} | {row.state for row in KEYS}) ^ set(STATES) == set()
    rows = [(row.act, row.state, caller) for row in ROWS for caller in row.cells]
    assert len(rows) == len(set(rows)), "two cells for one act, state and caller"


def test_every_operation_that_evaluates_credentials_is_tried_with_keys() -> None:
    """The scopes of the tables are those that the contracts declare."""
    found: dict[str, list[frozenset[str]]] = {}
    for operation, row in performed(KEYS):
        call_needs = next(
            row.needed(call).keys()
            for call in row.table.acts[row.act].calls[operation.version]
            if call.operation == operation.name
        )
        found.setdefault(f"{operation.version} {operation.name}", []).append(frozenset(call_needs))
    for operation in ALL:
        name = f"{operation.version} {operation.name}"
        assert bool(operation.spec["security"]) == (name in found), f"{name}: add a row to KEYS"
        for alternative in declared(operation):
            assert any(alternative <= needed for needed in found[name]), f"{name} declares {sorted(alternative)}"
        for needed in found.get(name, ()):
            assert not needed - POLICY or any(one <= needed for one in declared(operation)), f"{name}: {needed}"


ON_SOCKETS = {"rooms:read", "rooms:write"}
"""Scopes of messages on WebSockets: ``tests/app/rooms/test_service.py``, ``tests/versions/v2/test_socket.py``."""


def test_every_scope_is_needed_by_an_operation() -> None:
    needed = {scope for row in KEYS for scope in row.lacking}
    assert key_scopes() - ON_SOCKETS <= needed, "add the rows of the feature that declares the scope"


@pytest.mark.parametrize("version", VERSIONS)
def test_anonymous_callers_are_rejected_where_the_contract_says_so(version: str) -> None:
    """401 in every row of an operation that requires credentials, and in no row of another."""
    for row in ROWS:
        cell = row.cells.get("anonymous")
        for call in row.table.acts[row.act].calls.get(version, ()):
            operation = operations_of(version)[call.operation]
            if cell is not None:
                rejected = cell.outcome.code == "unauthenticated"
                assert rejected == operation.needs_caller, f"{row}: {version} {operation.name}"
