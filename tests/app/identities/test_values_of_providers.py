"""What is accepted from providers: token responses, names, addresses and the URLs of endpoints."""

from typing import Any

import orjson
import pytest

from app.identities.errors import InvalidProviderResponse, ProviderError, ProviderUnavailable
from app.identities.flow_secrets import base64url
from app.identities.providers import authorization_url, token_response, usable_address, usable_name
from app.kit.egress.client import EgressResponse

LONGEST = f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 57}.com"
"""As long as an address may be: 254 characters."""


@pytest.mark.parametrize(
    ("status", "document", "error", "text"),
    [
        (200, {"error": "access_denied"}, ProviderError, "access_denied"),
        (400, {"error": "invalid_grant", "access_token": "a"}, ProviderError, "invalid_grant"),
        (400, {"access_token": "a"}, ProviderError, "an unknown error"),
        (201, {"access_token": "a"}, ProviderError, "an unknown error"),
        (200, {"error": "<script>"}, ProviderError, "an unknown error"),
        (200, {"access_token": 1}, InvalidProviderResponse, "access token is missing"),
        (200, ["a"], InvalidProviderResponse, "not an object"),
        (500, {"access_token": "a"}, ProviderUnavailable, "does not respond"),
        (503, {"error": "access_denied"}, ProviderUnavailable, "does not respond"),
    ],
)
def test_a_token_response_is_a_success_without_an_error(
    status: int, document: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        token_response("acme", EgressResponse(status, orjson.dumps(document)))
    accepted = token_response("acme", EgressResponse(200, b'{"access_token": "a"}'))
    assert accepted == {"access_token": "a"}


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("https://a.example/b", "https://a.example/b?c=d+e"),
        ("https://a.example/b?f=g", "https://a.example/b?f=g&c=d+e"),
    ],
)
def test_parameters_are_added_to_those_of_the_endpoint(endpoint: str, url: str) -> None:
    assert authorization_url(endpoint, {"c": "d e"}) == url


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("  Ada\u202e\u0000 Lovelace\n", "Ada Lovelace"),
        ("x" * 101, "x" * 100),
        ("x" * 99 + "  y", "x" * 99),
        ("\u0000\n ", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_a_name_is_printable_and_short(value: object, name: str | None) -> None:
    assert usable_name(value) == name


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("Ada@Example.com", "Ada@example.com"),
        ("ada", None),
        ("a" * 300 + "@example.com", None),
        (LONGEST, LONGEST),
        (f"{LONGEST}m", None),
        (None, None),
        (1, None),
    ],
)
def test_an_address_could_be_registered(value: object, address: str | None) -> None:
    assert usable_address(value) == address


@pytest.mark.parametrize(
    ("value", "text"), [(b"\x00\x00\x17", "AAAX"), (b"\x00\x00", "AAA"), (b"\xff\xef\xff", "_-__"), (b"", "")]
)
def test_digests_are_url_safe_and_without_padding(value: bytes, text: str) -> None:
    assert base64url(value) == text
