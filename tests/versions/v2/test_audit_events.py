"""The audit trail over HTTP: pages, filters, and acts of every version."""

from typing import Any

import pytest
import pytest_asyncio

from app.access.principal import Role
from tests.support.app import Person, TestApp
from tests.support.contract import ContractClient
from tests.support.dialects import DIALECTS
from versions.kit.typeid import encode

URL = "/api/v2/audit-events"


@pytest_asyncio.fixture(loop_scope="session")
async def admin(test_app: TestApp) -> Person:
    return await test_app.person("root@example.com", Role.ADMIN)


async def listed(client: ContractClient, **parameters: Any) -> list[dict[str, Any]]:
    response = await client.get(URL, params=parameters)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["data"]
    return found


@pytest.mark.parametrize("version", sorted(DIALECTS))
async def test_a_sign_in_of_each_version_and_a_rejected_one(test_app: TestApp, admin: Person, version: str) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client() as client, test_app.client(admin.headers) as root:
        signed_in = await DIALECTS[version].login(ada.user.email).send(client)
        await DIALECTS[version].login(ada.user.email, "a wrong password").send(client)
        await DIALECTS[version].login("nobody@example.com").send(client)
        user = encode("usr", ada.user.uid)
        rejected = await listed(root, action="user.sign_in", outcome="rejected")
        started = await listed(root, actor_id=user)
    assert [(row["target"] and row["target"]["id"], row["detail"]) for row in rejected] == [
        (None, {"reason": "invalid_credentials"}),
        (user, {"reason": "invalid_credentials"}),
    ]
    assert [row["action"] for row in started] == ["session.started"]
    assert started[0]["actor"] == {"type": "user", "id": user}
    assert started[0]["target"]["type"] == "session"
    assert started[0]["request_id"] == signed_in.headers["X-Request-ID"]
    assert started[0]["address"] == "127.0.0.1"
