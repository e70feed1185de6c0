"""Secrets are sealed for their own row, and sign as Standard Webhooks says."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pydantic import SecretStr

from app.webhooks.signing import (
    SecretSealer,
    ensure_signed,
    new_secret,
    secret_bytes,
    secret_text,
    signed_headers,
)

AT = datetime(2026, 11, 29, 12, 0, 0, 999_999, tzinfo=UTC)
ONE, OTHER = UUID(int=1), UUID(int=2)


def test_the_decoded_bytes_of_each_secret_sign_in_order() -> None:
    first, second = b"1" * 32, b"2" * 32
    body = '{"title":"zażółć"}'.encode()
    headers = signed_headers("evt_1", AT, body, [first, second])
    timestamp = int(AT.timestamp())
    expected = [
        base64.b64encode(hmac.new(secret, f"evt_1.{timestamp}.".encode() + body, hashlib.sha256).digest()).decode()
        for secret in (first, second)
    ]
    assert headers == {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{expected[0]} v1,{expected[1]}",
    }


def test_a_secret_has_the_form_of_the_standard() -> None:
    secret = new_secret()
    assert len(secret) == 32
    assert secret != new_secret()
    assert secret_text(secret).startswith("whsec_")
    assert secret_bytes(secret_text(secret)) == secret
    with pytest.raises(ValueError, match="base64"):
        secret_bytes("whsec_not base64!")


def test_a_sealed_secret_opens_for_its_own_row_and_key_only() -> None:
    sealer, secret = SecretSealer(SecretStr("a" * 64)), new_secret()
    sealed = sealer.seal(secret, ONE)
    assert secret not in sealed
    assert sealer.open(sealed, ONE) == secret
    assert sealer.open(sealed, OTHER) is None
    assert SecretSealer(SecretStr("b" * 64)).open(sealed, ONE) is None


SIGNED = signed_headers("evt_1", AT.replace(microsecond=0), b"{}", [b"1" * 32, b"2" * 32])


@pytest.mark.parametrize("seconds", [-300, 0, 300])
@pytest.mark.parametrize("secret", [b"1" * 32, b"2" * 32])
def test_each_of_the_secrets_verifies_within_five_minutes(secret: bytes, seconds: int) -> None:
    ensure_signed(SIGNED, b"{}", secret, AT.replace(microsecond=0) + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("headers", "seconds", "why"),
    [
        ({}, -301, "5 minutes"),
        ({}, 301, "5 minutes"),
        ({"webhook-timestamp": "soon"}, 0, "integer"),
        ({"webhook-timestamp": "²"}, 0, "integer"),
        ({"webhook-timestamp": "9" * 400}, 0, "5 minutes"),
        ({"webhook-id": "evt_2"}, 0, "no signature"),
        ({"webhook-signature": ""}, 0, "no signature"),
    ],
)
def test_a_message_that_is_old_or_changed_does_not_verify(headers: dict[str, str], seconds: int, why: str) -> None:
    now = AT.replace(microsecond=0) + timedelta(seconds=seconds)
    with pytest.raises(ValueError, match=why):
        ensure_signed({**SIGNED, **headers}, b"{}", b"1" * 32, now)
    with pytest.raises(ValueError, match="no signature"):
        ensure_signed(SIGNED, b"[]", b"1" * 32, AT)
    with pytest.raises(ValueError, match="no signature"):
        ensure_signed(SIGNED, b"{}", b"3" * 32, AT)
