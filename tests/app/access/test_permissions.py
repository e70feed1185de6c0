"""Permissions are declared by features, collected once, and granted to roles by rows of the database."""

import asyncpg
import pytest

from app.access.commands import KeyDraft
from app.access.errors import UnknownScope
from app.access.permissions import declared_permissions, key_scopes, public_permissions
from app.access.principal import anonymous
from app.access.service import ApiKeyService
from app.errors import InsufficientPermissions, Unauthenticated
from app.posts.policy import PostPermission
from tests.support.app import TestApp
from versions.v2.api_keys import schemas


async def test_roles_grant_exactly_the_declared_permissions(database_dsn: str) -> None:
    connection = await asyncpg.connect(database_dsn)
    granted = {row["permission"] for row in await connection.fetch("SELECT DISTINCT permission FROM role_permissions")}
    await connection.close()
    assert granted == declared_permissions()


def test_the_newest_version_names_every_scope() -> None:
    assert {scope.value for scope in schemas.Scope} == key_scopes()


def test_anonymous_callers_have_the_public_permissions_and_are_not_signed_in() -> None:
    assert anonymous().permissions == public_permissions() == {"posts:read", "files:read"}
    anonymous().ensure(PostPermission.READ)
    with pytest.raises(InsufficientPermissions):
        anonymous().ensure(PostPermission.WRITE)
    with pytest.raises(Unauthenticated):
        anonymous().require(PostPermission.READ)


async def test_an_unknown_scope_is_rejected_with_the_known_ones(test_app: TestApp) -> None:
    async with test_app.runtime.database.write() as session:
        with pytest.raises(UnknownScope, match=r"Unknown scopes: posts:fly\. Known: audit:read, .*webhooks:write\."):
            await ApiKeyService(session).create(KeyDraft(1, "test", ["posts:read", "posts:fly"]))


async def test_no_key_can_have_the_permission_to_change_credentials(test_app: TestApp) -> None:
    assert declared_permissions() - key_scopes() == {"credentials:write", "keys:admin"}
    async with test_app.runtime.database.write() as session:
        with pytest.raises(UnknownScope, match="credentials:write"):
            await ApiKeyService(session).create(KeyDraft(1, "test", ["credentials:write"]))
    ada = await test_app.person("ada@example.com")
    async with test_app.runtime.database.write() as session:
        await (await session.driver()).execute("UPDATE api_keys SET scopes = array_append(scopes, 'credentials:write')")
    async with test_app.client(ada.headers) as client:
        assert "credentials:write" not in (await client.get("/api/v2/me/permissions")).json()["permissions"]
        assert (await client.get("/api/v2/auth/sessions")).status_code == 403
