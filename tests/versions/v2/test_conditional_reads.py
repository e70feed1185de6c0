"""Each operation that reads one resource has an entity tag, and answers 304 to a client that has the response."""

import pytest

from tests.support.app import Person, TestApp
from tests.support.identities import link
from tests.support.operations import ALL, Operation
from tests.support.users import principal_of
from tests.support.webhooks import create_endpoint
from versions.kit.typeid import encode

OF_NO_RESOURCE = {"rate_limit.get"}
READS = [
    operation
    for operation in ALL
    if operation.version == "v2" and operation.name.endswith(".get") and operation.name not in OF_NO_RESOURCE
]
"""``GET`` of a resource with an id, and of the caller."""


@pytest.mark.parametrize("operation", READS, ids=lambda operation: str(operation.name))
def test_each_declares_its_tag(operation: Operation) -> None:
    responses = operation.spec["responses"]
    assert responses["200"]["headers"]["ETag"]["required"]
    assert "304" in responses


async def paths(test_app: TestApp, ada: Person, headers: dict[str, str]) -> list[str]:
    """Resources without a revision."""
    identity = await link(test_app, ada.user)
    endpoint, _ = await create_endpoint(test_app, await principal_of(test_app, ada))
    async with test_app.client(headers) as client:
        sessions = (await client.get("/api/v2/auth/sessions")).json()["data"]
        keys = (await client.get("/api/v2/api-keys")).json()["data"]
    return [
        f"/auth/sessions/{sessions[0]['id']}",
        f"/api-keys/{keys[0]['id']}",
        f"/me/identities/{encode('idn', identity.uid)}",
        f"/webhook-endpoints/{encode('wh', endpoint.uid)}",
    ]


async def test_a_client_that_has_the_response_gets_304(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    headers = await test_app.session(ada)
    tags = set()
    for path in await paths(test_app, ada, headers):
        async with test_app.client(headers) as client:
            first = await client.get(f"/api/v2{path}")
            assert first.status_code == 200, first.text
            tag = first.headers["ETag"]
            repeated = await client.get(f"/api/v2{path}", headers={"If-None-Match": tag})
            assert (repeated.status_code, repeated.content) == (304, b"")
            assert (await client.get(f"/api/v2{path}", headers={"If-None-Match": '"other"'})).status_code == 200
        tags.add(tag)
    assert len(tags) == 4
