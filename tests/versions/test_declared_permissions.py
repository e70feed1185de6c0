"""What operations declare that they need. `tests/truth` compares it with handwritten scopes and with responses."""

from typing import Any, Final

import pytest

from app.access.permissions import declared_permissions, key_scopes
from app.access.principal import Role
from tests.support.app import PASSWORD, TestApp
from tests.support.operations import ALL, VERSIONS, Operation, operations, resolve

DECLARATION: Final = "x-required-permission"
NOTHING: Final = frozenset({"me.permissions", "rate_limit.get"})
"""Operations that evaluate credentials and need no permission: they show only what the caller itself may do."""


def alternatives(operation: Operation) -> list[frozenset[str]]:
    """The declared sets of permissions: the first applies to the caller's own user, the last to other objects."""
    return [frozenset(text.split()) for text in operation.spec[DECLARATION]]


def test_every_operation_declares_what_it_needs() -> None:
    known = declared_permissions()
    for operation in ALL:
        assert DECLARATION in operation.spec, f"{operation.version} {operation.name}"
        declared = alternatives(operation)
        assert frozenset().union(*declared) <= known, operation.name
        assert bool(declared) == (bool(operation.spec["security"]) and operation.name not in NOTHING), operation.name


def test_operations_on_credentials_need_a_permission_that_no_key_has() -> None:
    """Every path of sessions, passwords and proofs, so that a new one cannot be forgotten."""
    found = [
        operation
        for operation in ALL
        if operation.spec["security"] and ("/auth/" in operation.template or "password" in operation.path)
    ]
    reserved = [operation.name for operation in found if alternatives(operation) == [{"credentials:write"}]]
    assert {operation.name for operation in found} - set(reserved) <= {"auth.me"}, "auth.me is the profile"
    assert len(reserved) >= 5
    assert "credentials:write" not in key_scopes()


def schemas_of(operation: Operation) -> frozenset[str]:
    """The names of all schemas in the successful responses of an operation."""
    found: set[str] = set()
    successes = [response for status, response in operation.spec["responses"].items() if status.startswith("2")]
    pending: list[Any] = [response.get("content", {}) for response in successes]
    while pending:
        part = pending.pop()
        if isinstance(part, list):
            pending.extend(part)
        elif isinstance(part, dict):
            pending.extend(part.values())
            name = part.get("$ref")
            if isinstance(name, str) and name not in found:
                found.add(name)
                pending.append(resolve({"$ref": name}, operation.version))
    return frozenset(found)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_response_of_a_write_shows_nothing_that_a_read_protects(version: str) -> None:
    """If the response has the schema of a resource, the write needs a permission with which the resource is read."""
    protected: dict[str, list[frozenset[str]]] = {}
    for read in operations(version):
        if read.method == "GET" and alternatives(read):
            for schema in schemas_of(read):
                protected.setdefault(schema, []).extend(alternatives(read))
    writes = [operation for operation in operations(version) if operation.method != "GET" and alternatives(operation)]
    showing = {operation.name for operation in writes if schemas_of(operation) & protected.keys()}
    assert showing >= {"posts.create", "posts.update", "users.update"}
    for operation in writes:
        for schema in schemas_of(operation) & protected.keys():
            for needed in alternatives(operation):
                assert any(read <= needed for read in protected[schema]), (
                    f"{operation.name}: {sorted(needed)}, {schema}"
                )


async def test_a_scope_that_was_written_into_the_table_has_no_effect(test_app: TestApp) -> None:
    root = await test_app.person("root@example.com", Role.ADMIN)
    async with test_app.runtime.database.write() as session:
        driver = await session.driver()
        await driver.execute("UPDATE api_keys SET scopes = array_append(scopes, 'credentials:write')")
    async with test_app.client(root.headers) as client:
        shown = (await client.get("/api/v2/me/permissions")).json()["permissions"]
        refused = [
            await client.put("/api/v2/me/password", json={"current_password": PASSWORD, "password": "another horse"}),
            await client.get("/api/v2/auth/sessions"),
        ]
    assert set(shown) == key_scopes()
    for response in refused:
        assert response.status_code == 403
        assert response.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="credentials:write"'
