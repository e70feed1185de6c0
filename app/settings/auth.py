"""Settings of authentication."""

from typing import Final

from pydantic import Field

from app.settings.group import AcceptedSecret, AcceptedSecrets, Group, RequiredSecret

JWKS_MAX_AGE: Final = 300
"""Seconds for which caches store the JWK set. A key is published at least as long before it signs."""


class AuthSettings(Group, name="auth"):
    """Token signing and lifetimes.

    ``signing_key`` is either a random secret of at least 32 bytes (HS256) or a PEM private key (RSA, EC or
    Ed25519); with a PEM key, its public key is served at ``/.well-known/jwks.json``.

    ``strata auth rotate-signing-key`` replaces it: as the next key, consumers receive it before it signs a token.
    """

    signing_key: RequiredSecret = None
    next_signing_key: AcceptedSecret = Field(None, description="published and accepted, never used to sign")
    previous_signing_keys: AcceptedSecrets = Field(default_factory=list, description="accepted, never used to sign")
    issuer: str = "strata"
    audience: str = "strata-api"
    access_ttl: int = Field(900, ge=30, description="seconds")
    refresh_ttl: int = Field(30 * 86_400, ge=60, description="seconds")
    verification_ttl: int = Field(48 * 3600, ge=60, description="seconds")
    reset_ttl: int = Field(3600, ge=60, description="seconds")
    logins_per_minute: int = Field(5, ge=1, description="attempts for a user from one network")
    failed_logins_per_hour: int = Field(
        30, ge=1, description="for a user from all networks; then only networks with an earlier sign-in are served"
    )
    password_hash_concurrency: int = Field(2, ge=1, description="argon2 runs at once; each takes 64 MiB")
