"""Every operation decides on every set of permissions as its document declares, over HTTP.

The callers of one user: API keys with all scopes but one, with one scope alone, with exactly the scopes that an
operation declares and with none, and sessions of every role. The requests name objects that do not exist, so a 404 in
place of a 403 would reveal which objects exist.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import pytest

from app.access.commands import KeyDraft
from app.access.permissions import declared_permissions, key_scopes
from app.access.principal import Role
from app.access.service import ApiKeyService
from tests.laws.tables.operations import PAIRS
from tests.support.app import Person, TestApp
from tests.support.operations import ALL, VERSIONS, Operation, operations, resolve

DECLARATION: Final = "x-required-permission"
BY_VERSION: Final = {(operation.version, operation.name): operation for operation in ALL}
NOTHING: Final = frozenset({"me.permissions", "rate_limit.get"})
"""Operations that evaluate credentials and need no permission: they show only what the caller itself may do."""
ABSENT: Final[Mapping[str, Mapping[str, object]]] = {"v1": {"post_id": 999_999, "user_id": 999_999}, "v2": {}}
"""In v2, the identifiers of the document's examples do not exist."""
BODIES: Final = {
    ("v1", "users.update"): {"full_name": "Ada"},
    ("v2", "users.update"): {"display_name": "Ada"},
    ("v2", "me.update"): {"display_name": "Ada"},
    ("v2", "posts.batch"): {"operations": [{"op": "create", "post": {"title": "t", "content": "c"}}]},
}
"""Bodies in place of the examples, which would also change credentials."""
INSUFFICIENT: Final = 'Bearer error="insufficient_scope", scope="'


@dataclass(frozen=True)
class Caller:
    """Credentials and the permissions that they have."""

    label: str
    headers: dict[str, str]
    permissions: frozenset[str]


def alternatives(operation: Operation) -> list[frozenset[str]]:
    """The declared sets of permissions: the first applies to the caller's own user, the last to other objects."""
    return [frozenset(text.split()) for text in operation.spec[DECLARATION]]


async def key_of(test_app: TestApp, user: Person, scopes: frozenset[str], label: str) -> Caller:
    async with test_app.runtime.database.write() as session:
        _, text = ApiKeyService(session).create(KeyDraft(user.user.id, label, sorted(scopes)))
    return Caller(label, {"X-API-Key": text}, scopes)


async def keys(test_app: TestApp, user: Person) -> list[Caller]:
    """Two keys for each scope (all but it, it alone), one for each declared set, and with none and all."""
    every = frozenset(key_scopes())
    sets = {"no scope": frozenset[str](), "all scopes": every}
    for scope in sorted(every):
        sets |= {f"all but {scope}": every - {scope}, f"{scope} alone": frozenset({scope})}
    declared = {needed for operation in ALL for needed in alternatives(operation) if len(needed) > 1}
    sets |= {" and ".join(sorted(needed)): needed for needed in declared if needed <= every}
    return [await key_of(test_app, user, scopes, label) for label, scopes in sets.items()]


async def session_of(test_app: TestApp, user: Person, label: str) -> Caller:
    headers = await test_app.session(user)
    async with test_app.client(headers) as client:
        shown = (await client.get("/api/v2/me/permissions")).json()["permissions"]
    return Caller(label, headers, frozenset(shown))


async def send(client: httpx2.AsyncClient, operation: Operation, values: Mapping[str, object]) -> httpx2.Response:
    body = BODIES.get((operation.version, operation.name), operation.body)
    form = "form" in (operation.media_type or "")
    content: dict[str, Any] = {"data" if form else "json": body} if body is not None else {}
    needed = {part["name"]: "a" for part in operation.parameters("query") if part.get("required")}
    url = operation.url(**ABSENT[operation.version] | values)
    return await client.request(operation.method, url, params=needed, **content)


def named_scopes(response: httpx2.Response) -> frozenset[str]:
    """The missing permissions that a 403 names, in its header and, in v2, in its body."""
    challenge = response.headers.get("WWW-Authenticate", "")
    if response.status_code != 403 or not challenge.startswith(INSUFFICIENT):
        return frozenset()
    text = challenge.removeprefix(INSUFFICIENT).removesuffix('"')
    if response.headers["Content-Type"] == "application/problem+json":
        assert response.json()["required_scope"] == text
    return frozenset(text.split())


def ensure_decision(operation: Operation, caller: Caller, needed: frozenset[str], response: httpx2.Response) -> None:
    """The response is a 403 that names missing permissions if and only if the caller lacks some of ``needed``."""
    where = f"{operation.version} {operation.name} by {caller.label}: {response.status_code} {response.text[:200]}"
    missing, named = needed - caller.permissions, named_scopes(response)
    assert response.status_code not in {401, 429}, where
    assert response.status_code < 500, where
    assert bool(named) == bool(missing), where
    assert named <= missing, where
    if len(missing) == 1:
        assert named == missing, where


def checked(version: str) -> list[Operation]:
    """The operations that evaluate credentials."""
    return [operation for operation in operations(version) if operation.spec["security"]]


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
    assert {operation.name for operation in found} - set(reserved) == {"auth.me"}, "auth.me is the profile"
    assert len(reserved) >= 5
    assert "credentials:write" not in key_scopes()


def pairs() -> Iterator[tuple[Operation, Operation]]:
    for pair in PAIRS:
        yield BY_VERSION["v1", pair.old], BY_VERSION["v2", pair.new]


def test_both_versions_declare_the_same() -> None:
    for old, new in pairs():
        one, other = set(alternatives(old)), set(alternatives(new))
        if new.name == "posts.batch":
            # Its operations are only known after the body is read, so it needs what the most demanding one needs.
            assert one.pop() <= other.pop()
            continue
        # An operation on the caller's own user has the alternative for it only.
        assert one <= other or other <= one, f"v1 {old.name}, v2 {new.name}"


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


@pytest.mark.parametrize("version", VERSIONS)
async def test_api_keys(test_app: TestApp, version: str) -> None:
    root = await test_app.person("root@example.com", Role.ADMIN)
    sent = 0
    callers = await keys(test_app, root)
    for caller in callers:
        async with test_app.client(caller.headers) as client:
            for operation in checked(version):
                needed = frozenset[str]().union(*alternatives(operation)[-1:])
                ensure_decision(operation, caller, needed, await send(client, operation, {}))
                sent += 1
    assert sent == len(callers) * len(checked(version))


@pytest.mark.parametrize("version", VERSIONS)
async def test_api_keys_on_the_own_user(test_app: TestApp, version: str) -> None:
    """The only admin cannot be deleted, so that every caller finds the user."""
    root = await test_app.person("root@example.com", Role.ADMIN)
    async with test_app.client(root.headers) as client:
        own = (await client.get("/api/v2/me")).json()["id"]
    values = {"user_id": root.user.id if version == "v1" else own}
    found = [operation for operation in checked(version) if len(alternatives(operation)) > 1]
    assert len(found) == 3
    for caller in await keys(test_app, root):
        async with test_app.client(caller.headers) as client:
            for operation in found:
                response = await send(client, operation, values)
                ensure_decision(operation, caller, alternatives(operation)[0], response)
                assert response.status_code in {200, 403, 409}


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_scope_that_was_written_into_the_table_has_no_effect(test_app: TestApp, version: str) -> None:
    root = await test_app.person("root@example.com", Role.ADMIN)
    async with test_app.runtime.database.write() as session:
        driver = await session.driver()
        await driver.execute("UPDATE api_keys SET scopes = array_append(scopes, 'credentials:write')")
    caller = Caller("a key with every permission", root.headers, frozenset(key_scopes()))
    async with test_app.client(caller.headers) as client:
        for operation in checked(version):
            needed = frozenset[str]().union(*alternatives(operation)[-1:])
            ensure_decision(operation, caller, needed, await send(client, operation, {}))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("version", VERSIONS)
async def test_sessions(test_app: TestApp, version: str, role: Role) -> None:
    user = await test_app.person("ada@example.com", role)
    caller = await session_of(test_app, user, f"a session of a user with the role {role}")
    assert "credentials:write" in caller.permissions
    async with test_app.client(caller.headers) as client:
        for operation in checked(version):
            needed = frozenset[str]().union(*alternatives(operation)[-1:])
            ensure_decision(operation, caller, needed, await send(client, operation, {}))


@pytest.mark.parametrize("version", VERSIONS)
async def test_anonymous_callers(test_app: TestApp, version: str) -> None:
    """401 where the document requires credentials, and nowhere else because of missing credentials."""
    async with test_app.client() as client:
        for operation in checked(version):
            response = await send(client, operation, {})
            assert (response.status_code == 401) is operation.needs_caller, f"{operation.name}: {response.text}"


@pytest.mark.parametrize("version", VERSIONS)
async def test_public_operations_need_no_permission(test_app: TestApp, version: str) -> None:
    """Where the document declares no security, a key without scopes is not rejected for the scopes it lacks."""
    root = await test_app.person("root@example.com", Role.ADMIN, scopes=[])
    async with test_app.client(root.headers) as client:
        for operation in operations(version):
            if not operation.spec["security"]:
                response = await send(client, operation, {})
                assert "insufficient" not in response.text, f"{operation.name}: {response.text}"
                assert not named_scopes(response), operation.name
