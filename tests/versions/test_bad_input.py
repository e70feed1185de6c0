"""Bad input against every operation: a clear error in the version's envelope, never a 500, and nothing lost."""

from collections.abc import Iterator
from typing import Any

import httpx2
import orjson
import pytest

from app.access.principal import Role
from app.settings.http import HttpSettings
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS, Operation, operations
from tests.support.presigned import sign_urls
from tests.support.registries import DEPRECATED

NUL, SURROGATE, LARGE = "\x00", "\ud800", 2**70
BAD_IDS = (
    *("0", "-1", "+1", "1_000", "1.0", "%20 1", str(2**63), "%00", "%ff"),
    *("%F0%9F%92%A9", "post_", "null", "a" * 3000),
)
LENIENT = {"boolean": (0, 1, "true", "off", "n"), "array": (["1"], [True])}
"""What pydantic would take for a boolean, or for a list of numbers, and JSON does not."""
JSON = {"Content-Type": "application/json"}


def bad_json(operation: Operation) -> Iterator[bytes]:
    """Bodies that no version may swallow."""
    yield b""
    yield b"{"
    yield b"nul"
    yield b"[]"
    yield b'"text"'
    yield b"\xff\xfe"
    yield b'{"title": "\\ud800"}'
    yield b"[" * 100_000
    yield b'{"a":' * 2000 + b"1" + b"}" * 2000
    yield b'{"n": ' + b"9" * 5000 + b"}"
    good = operation.body if isinstance(operation.body, dict) else {}
    for name in operation.body_properties:
        schema = operation.body_properties[name]
        empty = () if schema.get("type") == "array" and not schema.get("minItems") else ([],)
        for value in (NUL, f"a{NUL}b", LARGE, -1, 1.5, *empty, {}, [NUL], "x" * 200_000):
            yield orjson.dumps({**good, name: value if value is not LARGE else None}).replace(
                b"null", str(LARGE).encode()
            )
        for value in LENIENT.get(schema.get("type"), ()):
            yield orjson.dumps({**good, name: value})
        for raw in (b"1e400", b"NaN", b"-Infinity", b'"\\ud800"', b"9" * 400):
            yield orjson.dumps({**good, name: "@@"}).replace(b'"@@"', raw)


def ensure_envelope(operation: Operation, response: httpx2.Response) -> None:
    where = f"{operation.version} {operation.name}: {response.status_code} {response.text[:300]}"
    assert response.status_code < 500, where
    if response.status_code < 400:
        return
    DIALECTS[operation.version].ensure_failure(response)
    assert ("Deprecation" in response.headers) is (operation.version in {version.name for version in DEPRECATED}), where
    assert response.headers["X-Request-ID"], where


async def contents(test_app: TestApp) -> list[Any]:
    """What could be lost."""
    driver = test_app.runtime.database.driver  # type: ignore[attr-defined]  # the pinned database has it
    return [
        [
            tuple(row)
            for row in await driver.fetch("SELECT uid, title, content, status, revision FROM posts ORDER BY id")
        ],
        [tuple(row) for row in await driver.fetch("SELECT uid, email, roles, is_active FROM users ORDER BY id")],
    ]


async def populated(test_app: TestApp) -> tuple[dict[str, str], dict[str, object]]:
    """Headers of an admin's session, and path values that exist."""
    root = await test_app.person("root@example.com", Role.ADMIN)
    sign_urls(test_app)
    async with test_app.client(root.headers) as client:
        made = (await client.post("/api/v2/posts", json={"title": "Kept", "content": "as it is"})).json()
    return await test_app.session(root), {name: dialect.path_ids(made, root) for name, dialect in DIALECTS.items()}


@pytest.mark.parametrize("version", VERSIONS)
async def test_bad_bodies(test_app: TestApp, version: str) -> None:
    headers, values = await populated(test_app)
    before = await contents(test_app)
    sent = 0
    async with test_app.client(headers) as client:
        for operation in operations(version):
            if operation.media_type is None or "form" in operation.media_type:
                continue
            for body in bad_json(operation):
                response = await client.request(
                    operation.method, operation.url(**values[version]), content=body, headers=JSON
                )
                ensure_envelope(operation, response)
                assert response.status_code >= 400, (operation.name, body[:100])
                sent += 1
    assert sent > 100
    assert await contents(test_app) == before


@pytest.mark.parametrize("version", VERSIONS)
async def test_bad_forms(test_app: TestApp, version: str) -> None:
    forms = [operation for operation in operations(version) if "urlencoded" in (operation.media_type or "")]
    assert forms
    async with test_app.client() as client:
        for operation in forms:
            bodies = [
                b"",
                b"%00",
                b"a" * 5000,
                b"username=%00&password=%00&token=%00&grant_type=password",
                b"username=%ff",
            ]
            for body in bodies:
                head = {"Content-Type": operation.media_type or ""}
                response = await client.request(operation.method, operation.url(), content=body, headers=head)
                ensure_envelope(operation, response)
                assert response.status_code >= 400, body
            truncated = b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\nad'
            head = {"Content-Type": "multipart/form-data; boundary=x"}
            response = await client.request(operation.method, operation.url(), content=truncated, headers=head)
            ensure_envelope(operation, response)
            assert response.status_code in {400, 415, 422}
            wrong = await client.request(operation.method, operation.url(), content=b"{}", headers=JSON)
            assert wrong.status_code == 415, operation.name


@pytest.mark.parametrize("version", VERSIONS)
async def test_bad_paths_and_queries(test_app: TestApp, version: str) -> None:
    headers, values = await populated(test_app)
    before = await contents(test_app)
    async with test_app.client(headers) as client:
        for operation in operations(version):
            for parameter in operation.parameters("path"):
                for bad in BAD_IDS:
                    url = operation.url(**{**values[version], parameter["name"]: bad})
                    key = {"Idempotency-Key": '"a key"'}
                    response = await client.request(operation.method, url, json=operation.body, headers=key)
                    ensure_envelope(operation, response)
                    assert response.status_code in {404, 405, 415, 422}, (operation.name, bad, response.status_code)
            for parameter in operation.parameters("query"):
                for bad in ("%00", "%ff", str(LARGE), "-1", "1e400", "NaN", "", "%F0%9F%92%A9" * 200, "a" * 2000):
                    url = f"{operation.url(**values[version])}?{parameter['name']}={bad}"
                    ensure_envelope(operation, await client.request(operation.method, url))
    assert await contents(test_app) == before


@pytest.mark.parametrize("version", VERSIONS)
async def test_wrong_media_types_and_sizes(test_app: TestApp, version: str) -> None:
    headers, values = await populated(test_app)
    limit = test_app.runtime.settings[HttpSettings].max_body_bytes
    async with test_app.client(headers) as client:
        for operation in operations(version):
            url = operation.url(**values[version])
            huge = {"X-Padding": "x" * test_app.runtime.settings[HttpSettings].max_header_bytes}
            refused = await client.request(operation.method, url, headers=huge)
            assert refused.status_code == 431, operation.name
            ensure_envelope(operation, refused)
            DIALECTS[version].ensure_failure(refused, "headers_too_large")
            if operation.media_type is None:
                continue
            for kind in ("text/plain", "application/xml", "application/json-seq"):
                response = await client.request(operation.method, url, content=b"{}", headers={"Content-Type": kind})
                assert response.status_code == 415, (operation.name, kind)
                ensure_envelope(operation, response)
            largest = operation.spec.get("x-max-body", limit)
            announced = {"Content-Length": str(largest + 1)} if largest != limit else {}
            head = {"Content-Type": operation.media_type, **announced}
            response = await client.request(operation.method, url, content=b" " * (limit + 1), headers=head)
            assert response.status_code == 413, operation.name
            ensure_envelope(operation, response)
            DIALECTS[version].ensure_failure(response, "body_too_large")


async def test_v2_knows_its_parameters(test_app: TestApp) -> None:
    headers, values = await populated(test_app)
    async with test_app.client(headers) as client:
        for operation in operations("v2"):
            if operation.name == "providers.callback":
                # Providers add parameters of their own.
                continue
            required = {part["name"]: "a" for part in operation.parameters("query") if part["required"]}
            url = operation.url(**values["v2"])
            response = await client.request(operation.method, url, params=required | {"unheard": "of"})
            assert (response.status_code, response.json()["code"]) == (400, "unknown_parameter"), operation.name
