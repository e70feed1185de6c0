"""Callers of each role."""

import pytest

from app.access.principal import Principal, Role, anonymous
from tests.support.app import TestApp
from tests.support.users import principal_of


@pytest.fixture
async def callers(test_app: TestApp) -> dict[str, Principal]:
    people = [
        await test_app.person("ada@example.com"),
        await test_app.person("eve@example.com"),
        await test_app.person("mod@example.com", Role.MODERATOR),
        await test_app.person("root@example.com", Role.ADMIN),
    ]
    found = [await principal_of(test_app, person) for person in people]
    return {"nobody": anonymous(), **dict(zip(("ada", "eve", "mod", "root"), found, strict=True))}
