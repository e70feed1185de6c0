"""The secrets of one visit to a provider.

Nonce and PKCE verifier are derived from ``state`` with a key, so that no table contains them: the row of a flow stores
digests only.
"""

import base64
import hashlib
import hmac
import secrets

from pydantic import SecretStr


class FlowSecrets:
    """Derives with a separate key, which is derived from the signing key."""

    def __init__(self, signing_key: SecretStr) -> None:
        self._key = hmac.digest(signing_key.get_secret_value().encode(), b"strata sign-in flows 1", "sha256")

    def nonce(self, state: str) -> str:
        """The value that an ID token must contain."""
        return self._derive(b"nonce", state)

    def verifier(self, state: str) -> str:
        """The PKCE code verifier (RFC 7636, section 4.1): 43 characters."""
        return self._derive(b"verifier", state)

    def _derive(self, purpose: bytes, state: str) -> str:
        return base64url(hmac.digest(self._key, purpose + b":" + state.encode(errors="replace"), "sha256"))


def new_secret() -> str:
    """32 random bytes in 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """The digest that a row stores."""
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def challenge(verifier: str) -> str:
    """The PKCE code challenge of a verifier with the method S256."""
    return base64url(digest(verifier))


def base64url(value: bytes) -> str:
    """URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
