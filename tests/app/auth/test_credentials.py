"""Validity and expiry of credentials: mailed tokens, refresh tokens, API keys and passwords."""

import hashlib
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from app.access import keys
from app.access.passwords import PasswordHasher
from app.http.auth import AuthComponent
from tests.support.app import PASSWORD, TestApp, token_of
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS
from tests.support.wire import WIRE

ADDRESS = "ada@example.com"
ME = {name: dialect.me for name, dialect in DIALECTS.items()}
both = pytest.mark.parametrize("version", VERSIONS)


async def run(test_app: TestApp, statement: str, **values: Any) -> Any:
    async with test_app.runtime.database.write() as session:
        return await session.execute(text(statement), values)


async def verify(client: httpx2.AsyncClient, version: str, token: str) -> httpx2.Response:
    response: httpx2.Response = await DIALECTS[version].verify(ADDRESS, token).send(client)
    return response


async def confirm(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    body = {"token": token, "password": "another password"}
    return await client.post("/api/v2/auth/password-resets/confirm", json=body)


async def login(client: httpx2.AsyncClient, version: str, email: str, password: str = PASSWORD) -> httpx2.Response:
    response: httpx2.Response = await DIALECTS[version].login(email, password).send(client)
    return response


@both
async def test_a_verification_token_expires(test_app: TestApp, version: str) -> None:
    await test_app.person(ADDRESS, verified=False)
    async with test_app.client() as client:
        await client.post("/api/v2/auth/verifications/resend", json={"email": ADDRESS})
        (mail,) = await test_app.deliver()
        await run(test_app, "UPDATE action_tokens SET expires_at = now() - interval '1 second'")
        late = await verify(client, version, token_of(mail))
        assert late.status_code == 400
        DIALECTS[version].ensure_failure(late, "invalid_verification_token")
        assert (await login(client, version, ADDRESS)).status_code == 403, "the address is not verified"


@both
async def test_a_new_verification_token_replaces_the_first(test_app: TestApp, version: str) -> None:
    await test_app.person(ADDRESS, verified=False)
    async with test_app.client() as client:
        await client.post("/api/v2/auth/verifications/resend", json={"email": ADDRESS})
        (first,) = await test_app.deliver()
        await client.post("/api/v2/auth/verifications/resend", json={"email": ADDRESS})
        assert await test_app.deliver() == [], "at most one mail a minute"
        await run(test_app, "UPDATE action_tokens SET created_at = now() - interval '2 minutes'")
        await client.post("/api/v2/auth/verifications/resend", json={"email": ADDRESS})
        (second,) = await test_app.deliver()
        assert token_of(second) != token_of(first)
        assert (await verify(client, version, token_of(first))).status_code == 400
        assert (await verify(client, version, token_of(second))).status_code in {200, 204}


async def test_a_reset_token_expires_and_its_use_revokes_every_session(test_app: TestApp) -> None:
    await test_app.person(ADDRESS)
    async with test_app.client() as client:
        session = (await login(client, WIRE, ADDRESS)).json()
        await client.post("/api/v2/auth/password-resets", json={"email": ADDRESS})
        (mail,) = await test_app.deliver()
        await run(test_app, "UPDATE action_tokens SET expires_at = now() - interval '1 second'")
        assert (await confirm(client, token_of(mail))).status_code == 400
        assert (await login(client, WIRE, ADDRESS)).status_code == 200, "the password is unchanged"
        await run(test_app, "UPDATE action_tokens SET expires_at = now() + interval '1 hour'")
        await run(test_app, "UPDATE users SET updated_at = '2020-01-01'")
        assert (await confirm(client, token_of(mail))).status_code == 204
        assert (await run(test_app, "SELECT updated_at > created_at FROM users")).scalar()
        bearer = {"Authorization": f"Bearer {session['access_token']}"}
        for version in VERSIONS:
            assert (await client.get(ME[version], headers=bearer)).status_code == 401
            assert (await login(client, version, ADDRESS)).status_code == 401
            assert (await login(client, version, ADDRESS, "another password")).status_code == 200


async def test_a_token_is_rejected_for_another_purpose(test_app: TestApp) -> None:
    await test_app.person(ADDRESS, verified=False)
    async with test_app.client() as client:
        await client.post("/api/v2/auth/password-resets", json={"email": ADDRESS})
        (mail,) = await test_app.deliver()
        for version in VERSIONS:
            assert (await verify(client, version, token_of(mail))).status_code == 400


async def test_only_digests_of_credentials_are_stored(test_app: TestApp) -> None:
    ada = await test_app.person(ADDRESS, verified=False)
    async with test_app.client() as client:
        await client.post("/api/v2/auth/verifications/resend", json={"email": ADDRESS})
        (mail,) = await test_app.deliver()
    digest = (await run(test_app, "SELECT digest FROM action_tokens")).scalar()
    assert digest == hashlib.sha256(token_of(mail).encode()).digest()
    assert (await run(test_app, "SELECT digest FROM api_keys")).scalar() == hashlib.sha256(ada.key.encode()).digest()
    stored = (await run(test_app, "SELECT password_hash FROM users")).scalar()
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


@both
async def test_a_session_expires(test_app: TestApp, version: str) -> None:
    await test_app.person(ADDRESS)
    async with test_app.client() as client:
        tokens = (await login(client, version, ADDRESS)).json()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert (await client.get(ME[version], headers=bearer)).status_code == 200
        await run(test_app, "UPDATE sessions SET expires_at = now() - interval '1 second'")
        assert (await client.get(ME[version], headers=bearer)).status_code == 401
        for dialect in DIALECTS.values():
            assert (await dialect.refresh(tokens["refresh_token"]).send(client)).status_code == 401
        grant = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        assert (await client.post("/api/v2/auth/token", data=grant)).json()["error"] == "invalid_grant"


@both
@pytest.mark.parametrize("flaw", ["revoked", "expired", "mistyped", "of another product", "unknown"])
async def test_an_invalid_key_is_rejected(test_app: TestApp, version: str, flaw: str) -> None:
    ada = await test_app.person(ADDRESS)
    key = ada.key
    match flaw:
        case "revoked":
            await run(test_app, "UPDATE api_keys SET revoked_at = now()")
        case "expired":
            await run(test_app, "UPDATE api_keys SET expires_at = now() - interval '1 second'")
        case "mistyped":
            key = key[:20] + ("a" if key[20] != "a" else "b") + key[21:]
        case "of another product":
            key = "pk_test_" + key[8:]
        case _:
            key = keys.generate("test")
    async with test_app.client() as client:
        refused = await client.get(ME[version], headers={"X-API-Key": key})
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    DIALECTS[version].ensure_failure(refused, "invalid_token")


@both
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_keys_and_access_tokens_are_bearer_credentials(test_app: TestApp, version: str, scheme: str) -> None:
    ada = await test_app.person(ADDRESS)
    token = (await test_app.session(ada))["Authorization"].split()[1]
    async with test_app.client() as client:
        for credentials in (ada.key, token):
            found = await client.get(ME[version], headers={"Authorization": f"{scheme} {credentials}"})
            assert (found.status_code, found.json()["email"]) == (200, ADDRESS)
        by_header = await client.get(ME[version], headers={"X-API-Key": ada.key})
        assert (by_header.status_code, by_header.json()["email"]) == (200, ADDRESS)


@both
async def test_sign_in_does_not_reveal_whether_a_user_exists(
    test_app: TestApp, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await test_app.person(ADDRESS)
    verified: list[str] = []
    library = test_app.runtime.get(AuthComponent).passwords._hash
    real = library.verify

    def record(password: str, stored: str) -> bool:
        verified.append(stored)
        return real(password, stored)

    monkeypatch.setattr(library, "verify", record)
    async with test_app.client() as client:
        known = await login(client, version, ADDRESS, "not the password")
        unknown = await login(client, version, "nobody@example.com", "not the password")
    assert known.status_code == unknown.status_code == 401
    names = ("detail", "code", "error") if DIALECTS[version].has_codes else ("detail",)
    assert [known.json()[name] for name in names] == [unknown.json()[name] for name in names]
    assert len(verified) == 2
    costs = {stored.rsplit("$", 2)[0] for stored in verified}
    assert len(costs) == 1, "the same work for existing and for unknown users"
    assert not await PasswordHasher(1).verify("a password that nobody has", None)
