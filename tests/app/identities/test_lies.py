"""A provider that lies is rejected with a clear error, and nothing changes."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.app import TestApp
from tests.support.hostile_provider import OTHER_KEY, http_response, json_response
from tests.support.provider_sign_in import SignIn, tables
from tests.support.writes import audited

Prepare = Callable[[Any], object]


def changed(part: str, **values: object) -> Prepare:
    """The provider changes entries of a part; None removes one."""

    def prepare(provider: Any) -> None:
        def change(given: dict[str, Any]) -> None:
            for name, value in values.items():
                if value is None:
                    del given[name]
                else:
                    given[name] = value() if callable(value) else value

        provider.lie = {part: change}

    return prepare


def attributes(**values: object) -> Prepare:
    """The provider has other values of its attributes."""

    def prepare(provider: Any) -> None:
        for name, value in values.items():
            setattr(provider, name, value() if callable(value) else value)

    return prepare


def ago(seconds: int) -> Callable[[], int]:
    return lambda: int(time.time()) - seconds


INVALID = "invalid_provider_response"
LIES: dict[str, tuple[Prepare, str, str]] = {
    "another iss in the callback": (changed("reply", iss="https://evil.example"), INVALID, "another issuer"),
    "no iss in the callback": (changed("reply", iss=None), INVALID, "another issuer"),
    "no code in the callback": (changed("reply", code=None), INVALID, "code is missing"),
    "an error": (changed("reply", code=None, error="access_denied"), "provider_error", "access_denied"),
    "an error with markup": (changed("reply", code=None, error="<script>"), "provider_error", "an unknown error"),
    "an error beside a code": (changed("reply", error="server_error"), "provider_error", "server_error"),
    "another issuer": (changed("claims", iss="https://evil.example"), INVALID, "of another issuer"),
    "another audience": (changed("claims", aud="another"), INVALID, "for another client"),
    "no audience": (changed("claims", aud=None), INVALID, "for another client"),
    "another party": (changed("claims", azp="another"), INVALID, "to another client"),
    "two audiences without a party": (changed("claims", aud=["strata", "another"]), INVALID, "to another client"),
    "expired": (changed("claims", exp=ago(100)), INVALID, "has expired"),
    "expiry as a text": (changed("claims", exp="tomorrow"), INVALID, "has expired"),
    "no expiry": (changed("claims", exp=None), INVALID, "has expired"),
    "issued in the future": (changed("claims", iat=ago(-100)), INVALID, "in the future"),
    "no time of issue": (changed("claims", iat=None), INVALID, "in the future"),
    "another nonce": (changed("claims", nonce="another"), INVALID, "nonce"),
    "no nonce": (changed("claims", nonce=None), INVALID, "nonce"),
    "nonce as a list": (changed("claims", nonce=["a"]), INVALID, "nonce"),
    "hash of another access token": (changed("claims", at_hash="AAAAAAAAAAAAAAAAAAAAAA"), INVALID, "access token"),
    "hash as a number": (changed("claims", at_hash=1), INVALID, "access token"),
    "no subject": (changed("claims", sub=None), INVALID, "subject"),
    "subject as a number": (changed("claims", sub=1), INVALID, "subject"),
    "subject as a list": (changed("claims", sub=["1"]), INVALID, "subject"),
    "empty subject": (changed("claims", sub=""), INVALID, "subject"),
    "long subject": (changed("claims", sub="1" * 256), INVALID, "subject"),
    "subject with NUL": (changed("claims", sub="1\x00"), INVALID, "subject"),
    "unverified address": (changed("claims", email_verified=False), "provider_address_not_verified", "verified"),
    "address verified by a text": (changed("claims", email_verified="true"), "provider_address_not_verified", ""),
    "text false": (changed("claims", email_verified="false"), "provider_address_not_verified", "verified"),
    "number 1": (changed("claims", email_verified=1), "provider_address_not_verified", "verified"),
    "no address": (changed("claims", email=None), "provider_address_not_verified", "verified"),
    "address as a list": (changed("claims", email=["ada@example.com"]), "provider_address_not_verified", ""),
    "address without domain": (changed("claims", email="ada"), "provider_address_not_verified", "verified"),
    "algorithm none": (attributes(algorithm="none"), INVALID, "algorithm"),
    "public key as a secret": (attributes(algorithm="HS256"), INVALID, "algorithm"),
    "algorithm that the metadata do not list": (attributes(algorithm="RS512"), INVALID, "algorithm"),
    "signed with another key": (attributes(signing_key=lambda: OTHER_KEY), INVALID, "no key"),
    "unknown key": (attributes(header={"kid": "two"}), INVALID, "no key"),
    "key id as a number": (attributes(header={"kid": ""}), INVALID, "no key"),
    "no keys": (changed("keys", keys=[]), INVALID, "no key"),
    "keys that are no list": (changed("keys", keys="none"), INVALID, "no key"),
    "unreadable keys": (changed("keys", keys=[1, {}, {"kty": "RSA"}, {"kty": "XYZ"}, None]), INVALID, "no key"),
    "no ID token": (changed("tokens", id_token=None), INVALID, "ID token is missing"),
    "ID token as a number": (changed("tokens", id_token=1), INVALID, "ID token is missing"),
    "ID token of nonsense": (changed("tokens", id_token="a.b.c"), INVALID, "cannot be read"),
    "no access token": (changed("tokens", access_token=None), INVALID, "access token is missing"),
    "another access token": (changed("tokens", access_token="swapped"), INVALID, "another access token"),
    "metadata of another issuer": (changed("metadata", issuer="https://evil.example"), INVALID, "another issuer"),
    "metadata without token endpoint": (changed("metadata", token_endpoint=None), INVALID, "token_endpoint"),
    "metadata with an insecure endpoint": (
        changed("metadata", token_endpoint="http://evil.example/token"),
        INVALID,
        "token_endpoint",
    ),
    "metadata with a number": (changed("metadata", jwks_uri=1), INVALID, "jwks_uri"),
    "algorithms that are no list": (
        changed("metadata", id_token_signing_alg_values_supported="RS256"),
        INVALID,
        "algorithm",
    ),
    "huge body": (attributes(response=http_response(b" " * 100_001)), INVALID, "too_large"),
    "compressed body": (
        attributes(response=http_response(b"", headers="Content-Encoding: br\r\n")),
        INVALID,
        "encoded",
    ),
    "redirect": (attributes(response=http_response(b"", "302 Found", "Location: /token\r\n")), INVALID, "redirect"),
    "no JSON": (attributes(response=http_response(b"<html>")), INVALID, "not_json"),
    "deep JSON": (attributes(response=http_response(b"[" * 90_000)), INVALID, "not_json"),
    "JSON list": (attributes(response=json_response([])), INVALID, "not an object"),
    "rejected code": (
        attributes(response=json_response({"error": "invalid_grant"}, "400 Bad Request")),
        "provider_error",
        "invalid_grant",
    ),
    "error of the server": (
        attributes(response=json_response({}, "500 Internal Server Error")),
        "provider_unavailable",
        "Try again later",
    ),
    "no response": (attributes(response=b""), "provider_unavailable", "Try again later"),
}


@pytest.mark.parametrize("name", LIES)
async def test_a_lie_is_rejected_and_changes_nothing(name: str, sign_in: SignIn, app_with_provider: TestApp) -> None:
    prepare, code, text = LIES[name]
    before = await tables(app_with_provider)
    prepare(sign_in.provider)
    start = await sign_in.client.get(sign_in.urls[0])
    response = start
    if start.status_code == 302:
        response = await sign_in.back(sign_in.provider.authorize(start.headers["location"]))
    statuses = {
        "invalid_provider_response": 400,
        "provider_error": 400,
        "provider_address_not_verified": 403,
        "provider_unavailable": 503,
    }
    assert response.status_code == statuses[code], response.text
    body = response.json()
    assert text in body["detail"]
    assert body.get("code", code) == code
    assert "evil" not in response.text
    assert response.headers["cache-control"] == "no-store"
    assert await tables(app_with_provider) == before
    if response is not start:
        (row,) = await audited(app_with_provider)
        assert (row.action, row.outcome, row.target, row.actor) == ("user.sign_in", "rejected", None, None)
        assert row.detail == {"provider": "acme", "reason": code}
        assert row.address
        assert row.request_id


async def test_a_slow_provider_is_given_up(sign_in: SignIn, app_with_provider: TestApp) -> None:
    before = await tables(app_with_provider)
    sign_in.provider.delay = 30
    response = await sign_in()
    assert response.status_code == 503, "provider_unavailable"
    assert int(response.headers["retry-after"]) > 0
    assert await tables(app_with_provider) == before


async def test_an_honest_provider_is_accepted(sign_in: SignIn, app_with_provider: TestApp) -> None:
    """So that each of the lies is the reason of its rejection."""
    response = await sign_in()
    assert response.status_code == 200, response.text
    before, after = await tables(app_with_provider), json.dumps(response.json())
    assert [row["subject"] for row in before["identities"]] == ["1"]
    assert "access_token" in after
    token = next(request for request in sign_in.provider.requests if request[0] == "/token")
    assert token[1]["authorization"].startswith("Basic ")
    assert token[2].keys() == {"grant_type", "code", "redirect_uri", "code_verifier"}
