"""Keyed hashes of consumers and of names that no contract declares."""

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from app.settings.http import HttpSettings

_DIGITS: Final = 16


class Pseudonyms:
    """Derives its keys from a secret of the deployment: another secret gives other hashes, and another ``key_id``.

    An export contains the key of names, so that the names of a changed contract can be compared, and never that of
    consumers: a reader of an export can test guesses of names, but not of consumers (ADR 2).
    """

    def __init__(self, secret: str) -> None:
        self.names_key: Final = _derive(secret, "names")
        self.key_id: Final = _derive(secret, "id").hex()[:_DIGITS]
        self._consumers_key = _derive(secret, "consumers")

    @property
    def hash_name(self) -> Callable[[str], str]:
        """The hash of the name of a member or parameter."""
        key = self.names_key
        return lambda name: _hash(key, name)

    def hash_consumer(self, consumer: str) -> str:
        """The hash of the uid of a consumer."""
        return _hash(self._consumers_key, consumer)


def pseudonyms(settings: HttpSettings) -> Pseudonyms:
    """The pseudonyms of this deployment. The secret is set: ``load_settings`` requires it."""
    secret = settings.cursor_key
    if secret is None:
        message = "http.cursor_key must be set"
        raise ValueError(message)
    return Pseudonyms(secret.get_secret_value())


def _derive(secret: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), f"strata usage {purpose}".encode(), sha256)


def _hash(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), sha256).hex()[:_DIGITS]
