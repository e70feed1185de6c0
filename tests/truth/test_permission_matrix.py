"""Two API keys for each permission, with every operation: all scopes but one, and one scope alone.

The requests are the examples of the contracts. Their objects do not exist, so a missing scope must be rejected before
the look-up: otherwise a key could find out which objects exist. The owner is an admin, who has every permission.
"""

from typing import Final

import pytest

from app.access.permissions import key_scopes
from tests.support.operations import VERSIONS, Operation, operations, query_example
from tests.truth.test_every_operation import declared
from tests.truth.world import Headers, World

_FORM: Final = "application/x-www-form-urlencoded"
_MISSING: Final = 99_999_999
"""An id that no object has."""
_CREDENTIALS: Final = {"email", "password", "current_password"}
"""Members of profiles that need a session."""
_CHALLENGE: Final = 'Bearer error="insufficient_scope", scope="{}"'


async def send(world: World, operation: Operation, headers: Headers) -> tuple[int, str]:
    """The status of the response, and its challenge."""
    query = {
        one["name"]: query_example(one, operation.version) for one in operation.parameters("query") if one["required"]
    }
    numbers = {one["name"]: _MISSING for one in operation.parameters("path") if one["schema"].get("type") == "integer"}
    content = {}
    if operation.media_type is not None:
        body = {name: value for name, value in operation.body.items() if name not in _CREDENTIALS}
        content = {"data" if operation.media_type == _FORM else "json": body}
    async with world.rolled_back():
        response = await world.send(
            operation.method, operation.url(**numbers), params=query, headers=headers, **content
        )
    return response.status_code, response.headers.get("WWW-Authenticate", "")


async def refused(world: World, operation: Operation, scopes: frozenset[str]) -> frozenset[str]:
    """The scopes that the 403 to a key with these scopes names; empty for every other response."""
    status, challenge = await send(world, operation, await world.key_of("admin", scopes))
    assert status < 500, f"{operation.name} with {sorted(scopes)}: {status}"
    if status != 403:
        return frozenset()
    named = challenge.removeprefix(_CHALLENGE.partition("{")[0]).removesuffix('"')
    assert challenge == _CHALLENGE.format(named), f"{operation.name} with {sorted(scopes)}: {challenge!r}"
    return frozenset(named.split())


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_operation_rejects_the_keys_that_lack_what_it_declares_and_no_others(
    world: World, version: str
) -> None:
    every = key_scopes()
    for operation in operations(version):
        # The first alternative is enough for the caller's own user, the last for the object of another.
        needed = declared(operation)[-1] if declared(operation) else frozenset()
        for scope in sorted(every):
            without = await refused(world, operation, every - {scope})
            alone = await refused(world, operation, frozenset({scope}))
            if needed <= every:
                assert without == needed & {scope}, f"{version} {operation.name} without {scope}"
            else:
                assert without >= needed - every, f"{version} {operation.name}: no key reaches it"
            assert bool(alone) == (not needed <= {scope}), f"{version} {operation.name} with {scope} alone"


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_operation_that_needs_a_caller_rejects_a_request_without_credentials(
    world: World, version: str
) -> None:
    for operation in operations(version):
        if operation.spec["security"]:
            status, challenge = await send(world, operation, {})
            assert (status == 401) == operation.needs_caller, f"{version} {operation.name}: {status}"
            assert (challenge == "Bearer") == operation.needs_caller, f"{version} {operation.name}: {challenge}"
