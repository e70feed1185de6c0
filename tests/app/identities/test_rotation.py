"""A provider exchanges its keys and its metadata while Strata runs."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from app.http.identities import IdentityComponent
from app.identities.cached import Cached
from app.identities.errors import ProviderUnavailable
from app.identities.openid import OpenIdProvider
from tests.support.app import TestApp
from tests.support.hostile_provider import HostileProvider, json_response
from tests.support.provider_sign_in import SignIn


def fetched(provider: HostileProvider, path: str) -> int:
    return sum(one[0] == path for one in provider.requests)


def client_of(app: TestApp) -> OpenIdProvider:
    found: Any = app.runtime.get(IdentityComponent).shared.providers.get("acme")
    assert isinstance(found, OpenIdProvider)
    return found


def publish(provider: HostileProvider, *keys: Any) -> None:
    provider.lie = {"keys": lambda document: document.update(keys=[key.as_dict(private=False) for key in keys])}


@pytest.mark.parametrize("kid", ["one", "two"])
async def test_new_keys_are_fetched_when_a_signature_fits_none(
    sign_in: SignIn, app_with_provider: TestApp, kid: str
) -> None:
    """Also if the new key has the id of the old one."""
    assert (await sign_in()).status_code == 200
    key = RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})
    publish(sign_in.provider, key)
    sign_in.provider.signing_key, sign_in.provider.header = key, {"kid": kid}
    client = client_of(app_with_provider)
    client.keys._fetched_at -= 6
    assert (await sign_in()).status_code == 200
    assert fetched(sign_in.provider, "/keys") == 2


async def test_keys_are_fetched_at_most_once_in_five_seconds(sign_in: SignIn) -> None:
    sign_in.provider.header = {"kid": "unknown"}
    for _ in range(4):
        assert (await sign_in()).status_code == 400
    assert fetched(sign_in.provider, "/keys") == 1
    assert fetched(sign_in.provider, "/.well-known/openid-configuration") == 1


async def test_metadata_are_fetched_hourly_and_must_name_the_issuer(
    sign_in: SignIn, app_with_provider: TestApp
) -> None:
    assert (await sign_in()).status_code == 200
    client = client_of(app_with_provider)
    client.metadata._fetched_at -= 3601
    sign_in.provider.lie = {"metadata": lambda document: document.update(issuer="https://evil.example")}
    for _ in range(2):
        assert (await sign_in.client.get(sign_in.urls[0])).status_code == 400
    sign_in.provider.lie = {}
    assert (await sign_in()).status_code == 200
    assert fetched(sign_in.provider, "/.well-known/openid-configuration") == 4


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("PS256", lambda: RSAKey.generate_key(2048, {"kid": "one"})),
        ("ES256", lambda: ECKey.generate_key("P-256", {"kid": "one"})),
        ("ES384", lambda: ECKey.generate_key("P-384", {"kid": "one"})),
        ("Ed25519", lambda: OKPKey.generate_key("Ed25519", {"kid": "one"})),
    ],
)
async def test_other_algorithms_of_the_metadata(sign_in: SignIn, algorithm: str, key: Callable[[], Any]) -> None:
    provider, signing_key = sign_in.provider, key()
    publish(provider, signing_key)
    provider.lie = {
        **provider.lie,
        "metadata": lambda document: document.update(id_token_signing_alg_values_supported=[algorithm]),
        "claims": lambda claims: claims.pop("at_hash"),
    }
    provider.signing_key, provider.algorithm = signing_key, algorithm
    response = await sign_in()
    assert response.status_code == 200, response.text


async def test_the_user_info_must_be_about_the_same_user(sign_in: SignIn) -> None:
    provider = sign_in.provider
    provider.lie = {
        "metadata": lambda document: document.update(userinfo_endpoint=f"{provider.issuer}/userinfo"),
        "claims": lambda claims: claims.pop("email"),
    }
    found: dict[str, Any] = {"sub": "2", "email": "ada@example.com", "email_verified": True}
    honest = provider.respond
    provider.respond = lambda path, form: json_response(found) if path == "/userinfo" else honest(path, form)  # type: ignore[method-assign]  # the fake's
    response = await sign_in()
    assert (response.status_code, "another user" in response.json()["detail"]) == (400, True)
    found["sub"] = "1"
    assert (await sign_in()).status_code == 200


async def test_concurrent_requests_share_a_fetch() -> None:
    fetches, now = 0, 1000.0

    async def fetch() -> int:
        nonlocal fetches
        fetches += 1
        await asyncio.sleep(0)
        if fetches == 3:
            raise ProviderUnavailable
        return fetches

    cached = Cached(fetch, lambda: now)
    assert await asyncio.gather(*(cached.get() for _ in range(5))) == [1] * 5
    now += 4
    assert await cached.refreshed() == 1
    now += 2
    assert await asyncio.gather(*(cached.refreshed() for _ in range(5))) == [2] * 5
    now += 3599
    assert await cached.get() == 2
    now += 2
    with pytest.raises(ProviderUnavailable):
        await cached.get()
    assert await cached.get() == 4, "a failure is not stored"
