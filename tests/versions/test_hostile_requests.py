"""Random hostile requests against every operation: only declared statuses, formats and headers, and never a 5xx.

More requests, with another seed: ``HOSTILE_SEED=7 HOSTILE_REQUESTS=5000 pytest -n 0 FILE``.
"""

import os
from random import Random
from typing import Final

import httpx2
import pytest

from app.access.principal import Role
from tests.conformance.callers import SELF_REVOKING
from tests.support.app import TestApp
from tests.support.contract import ContractClient
from tests.support.dialects import DIALECTS
from tests.support.hostile import Headers, HostileRequest, hostile_request
from tests.support.operations import VERSIONS, operations
from tests.support.presigned import sign_urls

SEED: Final = os.environ.get("HOSTILE_SEED", "1")
REQUESTS: Final = int(os.environ.get("HOSTILE_REQUESTS", "400"))
CONTRACTS: Final = dict(zip(VERSIONS, ContractClient.contracts, strict=True))


def ensure_declared(version: str, response: httpx2.Response, *, documented: bool) -> None:
    """The response is declared, or an error of the version for a method or path that the version does not have."""
    assert response.status_code < 500, response.text
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    if documented:
        CONTRACTS[version].check(response)
    elif response.request.method != "HEAD" and response.status_code >= 400:
        assert response.headers["Content-Type"] == DIALECTS[version].failure_type
    assert response.headers["API-Version"] == version


async def callers(test_app: TestApp) -> tuple[list[Headers], dict[str, dict[str, object]]]:
    """Headers of an admin, an author and nobody, and ids that exist."""
    root = await test_app.person("root@example.com", Role.ADMIN)
    ada = await test_app.person("ada@example.com")
    sign_urls(test_app)
    async with test_app.client(root.headers) as client:
        made = (await client.post("/api/v2/posts", json={"title": "T", "content": "C"})).json()
    session = await test_app.session(root)
    return [
        [(b"authorization", session["Authorization"].encode())],
        *([(b"x-api-key", person.key.encode())] for person in (root, ada)),
        [],
    ], {name: dialect.path_ids(made, root) for name, dialect in DIALECTS.items()}


@pytest.mark.parametrize("version", VERSIONS)
async def test_hostile_requests_get_declared_responses(test_app: TestApp, version: str) -> None:
    random = Random(f"{SEED}/{version}")  # noqa: S311 - no secret
    senders, values = await callers(test_app)
    found = [operation for operation in operations(version) if operation.name not in SELF_REVOKING]
    statuses = set()
    for _ in range(REQUESTS):
        operation = random.choice(found)
        request = hostile_request(random, operation, values[version], random.choice(senders))
        try:
            response = await request.send(test_app.app)
            ensure_declared(version, response, documented=request.method == operation.method)
        except BaseException as error:
            error.add_note(f"{operation.name}, seed {SEED}: {request!r:.3000}")
            raise
        statuses.add(response.status_code)
    assert {200, 400, 401, 404, 405, 415, 422} <= statuses


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "GET"])
async def test_a_target_that_is_no_path_is_not_an_error_of_the_server(test_app: TestApp, method: str) -> None:
    request = HostileRequest(method, b"*", b"", [(b"host", b"strata.test")], b"")
    assert (await request.send(test_app.app)).status_code in {400, 404, 405}
