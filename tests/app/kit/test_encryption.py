"""Ciphers decrypt what they encrypted, for their purpose and context only."""

import pytest
from cryptography.exceptions import InvalidTag
from pydantic import SecretStr

from app.kit.encryption import Cipher

SECRET = SecretStr("a secret of sufficient length for a test")
# Written by the release before ``Cipher`` had purposes: nonce of 12 zero bytes, then the ciphertext.
STORED = bytes.fromhex("00000000000000000000000094f8f100794627453a973c8b3e64502642ff9ec5ac3c")


def test_a_round_trip_needs_the_same_purpose_and_context() -> None:
    cipher = Cipher(SECRET, b"one")
    encrypted = cipher.encrypt(b"plain", b"context")
    assert cipher.decrypt(encrypted, b"context") == b"plain"
    for other, context in ((Cipher(SECRET, b"two"), b"context"), (cipher, b"other context")):
        with pytest.raises(InvalidTag):
            other.decrypt(encrypted, context)


def test_a_changed_byte_is_detected() -> None:
    cipher = Cipher(SECRET, b"one")
    encrypted = bytearray(cipher.encrypt(b"plain", b"context"))
    encrypted[-1] ^= 1
    with pytest.raises(InvalidTag):
        cipher.decrypt(bytes(encrypted), b"context")


def test_stored_responses_of_earlier_releases_can_be_decrypted() -> None:
    assert Cipher(SECRET, b"strata sealed responses 1").decrypt(STORED, b"scope") == b"stored"


def test_a_nonce_is_used_once() -> None:
    """With a repeated nonce, AES-GCM protects neither of two texts."""
    cipher = Cipher(SECRET, b"one")
    assert len({cipher.encrypt(b"plain", b"context")[:12] for _ in range(100)}) == 100
