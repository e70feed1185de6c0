"""Tokens that are not ours, or not any more, in both envelopes."""

import base64
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx2
import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from app.access.principal import Role
from app.settings.auth import AuthSettings
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS

ADDRESS = "ada@example.com"
ME = {name: dialect.me for name, dialect in DIALECTS.items()}
both = pytest.mark.parametrize("version", DIALECTS)


async def signed_in(test_app: TestApp, version: str) -> dict[str, Any]:
    await test_app.person(ADDRESS)
    async with test_app.client() as client:
        tokens: dict[str, Any] = (await DIALECTS[version].login(ADDRESS).send(client)).json()
        return tokens


def ensure_refused(version: str, response: httpx2.Response) -> None:
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    DIALECTS[version].ensure_failure(response, "invalid_token", "invalid_credentials", "wrong_token_type")


def part(value: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    claims: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def header_of(token: str) -> dict[str, Any]:
    head = token.split(".", maxsplit=1)[0]
    header: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    return header


def resigned(change: dict[str, Any]) -> Callable[[TestApp, str], str]:
    """The token with other claims, signed with our own key: only the claims are wrong."""

    def make(test_app: TestApp, token: str) -> str:
        key = test_app.runtime.settings[AuthSettings].signing_key
        assert key is not None
        claims = {name: value for name, value in (claims_of(token) | change).items() if value is not ...}
        return jwt.encode(header_of(token), claims, OctKey.import_key(key.get_secret_value()), algorithms=["HS256"])

    return make


FORGERIES: dict[str, Callable[[TestApp, str], str]] = {
    "tampered": lambda _, token: ".".join(
        [*token.split(".")[:1], part(claims_of(token) | {"sub": str(uuid4())}), token.split(".")[2]]
    ),
    "cut": lambda _, token: token[:-4],
    "alg none": lambda _, token: f"{part(header_of(token) | {'alg': 'none'})}.{token.split('.')[1]}.",
    "alg none, signed": lambda _, token: (
        f"{part(header_of(token) | {'alg': 'NONE'})}.{token.split('.')[1]}.{token.split('.')[2]}"
    ),
    "unknown key": lambda _, token: (
        f"{part(header_of(token) | {'kid': 'other'})}.{token.split('.')[1]}.{token.split('.')[2]}"
    ),
    "no key": lambda _, token: f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{token.split('.')[1]}.{token.split('.')[2]}",
    "expired": resigned({"exp": int(time.time()) - 60}),
    "without end": resigned({"exp": ...}),
    "wrong audience": resigned({"aud": "other-api"}),
    "no audience": resigned({"aud": ...}),
    "wrong issuer": resigned({"iss": "other"}),
    "no such session": resigned({"sid": str(uuid4())}),
    "no such user": resigned({"sub": str(uuid4())}),
    "no type": resigned({"type": ...}),
    **{f"sid {sid!r}": resigned({"sid": sid}) for sid in (7, 1.5, True, None, [], ["a"], {}, "")},
    "nonsense": lambda _, __: "eyJ.eyJ.eyJ",
    "deep": lambda _, token: f"{base64.urlsafe_b64encode(b'[' * 5000).decode()}.{token.split('.')[1]}.x",
    "not ASCII": lambda _, __: "ey\xff",
}


@both
@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_token_is_refused(test_app: TestApp, version: str, forgery: str) -> None:
    token = (await signed_in(test_app, version))["access_token"]
    forged = FORGERIES[forgery](test_app, token)
    async with test_app.client() as client:
        ensure_refused(
            version, await client.get(ME[version], headers={"Authorization": f"Bearer {forged}".encode("latin-1")})
        )
        assert (await client.get(ME[version], headers={"Authorization": f"Bearer {token}"})).status_code == 200


@both
async def test_a_control_of_the_forgeries(test_app: TestApp, version: str) -> None:
    """What ``resigned`` makes is good when nothing is changed, so each forgery fails for its own reason."""
    token = (await signed_in(test_app, version))["access_token"]
    async with test_app.client() as client:
        same = resigned({})(test_app, token)
        assert (await client.get(ME[version], headers={"Authorization": f"Bearer {same}"})).status_code == 200


@both
async def test_one_kind_of_token_is_not_the_other(test_app: TestApp, version: str) -> None:
    tokens = await signed_in(test_app, version)
    async with test_app.client() as client:
        headers = {"Authorization": f"Bearer {tokens['refresh_token']}"}
        ensure_refused(version, await client.get(ME[version], headers=headers))
        wrong = await DIALECTS[version].refresh(tokens["access_token"]).send(client)
        assert wrong.status_code == 401
        DIALECTS[version].ensure_failure(wrong, "wrong_token_type")


@both
@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Basic YTpi", "bearer x y", "Bearer sk_test_nope", "Token abc", ""]
)
async def test_other_credentials_are_not_taken_for_none(test_app: TestApp, version: str, header: str) -> None:
    async with test_app.client() as client:
        ensure_refused(version, await client.get(ME[version], headers={"Authorization": header}))
        ensure_refused(version, await client.get(ME[version], headers={"X-API-Key": "sk_live_nope"}))


@both
@pytest.mark.parametrize("end", ["deleted", "deactivated"])
async def test_the_end_of_a_user_is_the_end_of_its_sessions(test_app: TestApp, version: str, end: str) -> None:
    tokens = await signed_in(test_app, version)
    root = await test_app.person("root@example.com", Role.ADMIN)
    async with test_app.client({"Authorization": f"Bearer {tokens['access_token']}"}) as client:
        own = (await client.get("/api/v2/me")).json()["id"]
        async with test_app.client(root.headers) as admin:
            if end == "deleted":
                assert (await admin.delete(f"/api/v2/users/{own}")).status_code == 204
            else:
                assert (await admin.patch(f"/api/v2/users/{own}", json={"is_active": False})).status_code == 200
        ensure_refused(version, await client.get(ME[version]))
    async with test_app.client() as anonymous:
        again = await DIALECTS[version].refresh(tokens["refresh_token"]).send(anonymous)
        assert again.status_code == 401
        login = await DIALECTS[version].login(ADDRESS).send(anonymous)
        assert login.status_code in {401, 403}
