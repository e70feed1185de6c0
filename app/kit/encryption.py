"""Authenticated encryption of secrets and personal data that the database stores for a time."""

import hmac
import os
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

_NONCE_LENGTH: Final = 12


class Cipher:
    """AES-256-GCM with a key that is derived from a secret and a label of its purpose.

    Ciphers with different purposes cannot decrypt each other's data, although they share the secret.
    """

    def __init__(self, secret: SecretStr, purpose: bytes) -> None:
        self._cipher = AESGCM(hmac.digest(secret.get_secret_value().encode(), purpose, "sha256"))

    def encrypt(self, plaintext: bytes, context: bytes) -> bytes:
        """The nonce followed by the ciphertext; decryption needs the same ``context``."""
        nonce = os.urandom(_NONCE_LENGTH)
        return nonce + self._cipher.encrypt(nonce, plaintext, context)

    def decrypt(self, ciphertext: bytes, context: bytes) -> bytes:
        """Raises ``cryptography.exceptions.InvalidTag`` for another secret, purpose or context, or a changed byte."""
        return self._cipher.decrypt(ciphertext[:_NONCE_LENGTH], ciphertext[_NONCE_LENGTH:], context)
