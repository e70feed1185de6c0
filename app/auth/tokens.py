"""Access and refresh tokens: JWTs (RFC 7519) with key id, issuer, audience, type and session.

A token contains no permissions: the principal is looked up on each request, so a revocation takes effect at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry, extract_compact
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from app.access.errors import ImplausibleCredentials
from app.kit.clock import utc_now
from app.settings.auth import AuthSettings
from app.settings.errors import SettingsError

_Key = OctKey | RSAKey | ECKey | OKPKey
_CURVES: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_EDWARDS: Final = "EdDSA"
_LEEWAY: Final = 5
"""Tolerated difference of the clocks of two machines, in seconds."""


class _Algorithms(JWSRegistry):
    """The algorithms that a token may have. RFC 9864 deprecates the name ``EdDSA``, which PyJWT needs as of 2.15."""

    def get_alg(self, name: str) -> Any:
        """See ``JWSRegistry``, which warns of the name."""
        if name == _EDWARDS and self.allowed == [name]:
            return self.algorithms[name]
        return super().get_alg(name)


class TokenType(StrEnum):
    """The type of a token; one type is never accepted in place of the other."""

    ACCESS = "access"
    REFRESH = "refresh"
    STREAM = "stream"
    """Opens streams only, from a cookie of a browser."""
    PAGE = "page"
    """Shows the pages of a user only, from a cookie of a browser."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a valid token."""

    subject: UUID
    session: UUID
    jti: UUID
    type: TokenType


class TokenSigner:
    """Signs with the current key and also accepts the next one and the previous ones.

    The algorithm belongs to the key and is never read from a token, so neither ``none`` nor a public key used as
    an HMAC secret (RFC 8725, section 2.1) can pass.
    """

    def __init__(self, settings: AuthSettings) -> None:
        if settings.signing_key is None:
            message = "auth.signing_key is missing"
            raise SettingsError(message)
        self._settings = settings
        self._ttls = {
            TokenType.ACCESS: settings.access_ttl,
            TokenType.REFRESH: settings.refresh_ttl,
        }
        self._key, self._algorithm = _load(settings.signing_key, "signing_key")
        accepted = [(self._key, self._algorithm)]
        if settings.next_signing_key is not None:
            accepted.append(_load(settings.next_signing_key, "next_signing_key"))
        accepted += [_load(key, "previous_signing_keys") for key in settings.previous_signing_keys]
        self._accepted = {_kid(key): (key, algorithm) for key, algorithm in accepted}
        self._header = {"alg": self._algorithm, "kid": _kid(self._key), "typ": "JWT"}

    def issue(
        self,
        kind: TokenType,
        *,
        subject: UUID,
        session: UUID,
        jti: UUID | None = None,
        at: datetime | None = None,
        seconds: int | None = None,
    ) -> str:
        """Issue a signed token, valid from ``at`` on, which is now by default.

        It is valid for ``seconds``, which the settings state for tokens of access and refresh.
        """
        now = int((at or utc_now()).timestamp())
        claims = {
            "iss": self._settings.issuer,
            "aud": self._settings.audience,
            "sub": str(subject),
            "sid": str(session),
            "jti": str(jti or uuid7()),
            "type": kind.value,
            "iat": now,
            "exp": now + (self._ttls[kind] if seconds is None else seconds),
        }
        return jwt.encode(self._header, claims, self._key, registry=_Algorithms(algorithms=[self._algorithm]))

    def verify(self, text: str) -> Claims:
        """The claims of a token. Raises ``ImplausibleCredentials`` for an invalid, foreign or expired token."""
        try:
            kid = _header_kid(text)
            key, algorithm = self._accepted[kid]
            token = jwt.decode(text, key, registry=_Algorithms(algorithms=[algorithm]))
            self._registry.validate(token.claims)
            return _claims(token.claims)
        except (JoseError, KeyError, ValueError, TypeError, RecursionError) as error:
            raise ImplausibleCredentials from error

    def public_keys(self) -> dict[str, Any] | None:
        """The JWK set (RFC 7517) with which resource servers verify tokens, or None if every key is symmetric."""
        public = [
            {**key.as_dict(private=False), "kid": kid, "alg": algorithm, "use": "sig"}
            for kid, (key, algorithm) in self._accepted.items()
            if not isinstance(key, OctKey)
        ]
        return {"keys": public} if public else None

    @property
    def _registry(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            iss={"essential": True, "value": self._settings.issuer},
            aud={"essential": True, "value": self._settings.audience},
            exp={"essential": True},
            iat={"essential": True},
        )


def _claims(claims: dict[str, Any]) -> Claims:
    return Claims(
        subject=_uuid(claims["sub"]),
        session=_uuid(claims["sid"]),
        jti=_uuid(claims["jti"]),
        type=TokenType(claims["type"]),
    )


def _uuid(claim: object) -> UUID:
    # `UUID` raises AttributeError for numbers and lists, which is not an error of the value.
    if not isinstance(claim, str):
        raise TypeError
    return UUID(claim)


def _header_kid(text: str) -> str:
    kid = extract_compact(text.encode()).headers()["kid"]
    if not isinstance(kid, str):
        raise TypeError
    return kid


def _load(secret: SecretStr, name: str) -> tuple[_Key, str]:
    text = secret.get_secret_value()
    if not text.lstrip().startswith("-----BEGIN"):
        return OctKey.import_key(text), "HS256"
    candidates: Iterable[type[RSAKey | ECKey | OKPKey]] = (RSAKey, ECKey, OKPKey)
    for kind in candidates:
        try:
            key = kind.import_key(text)
        except (JoseError, ValueError, TypeError):
            continue
        if isinstance(key, RSAKey):
            return key, "RS256"
        if isinstance(key, ECKey):
            return key, _CURVES[key.curve_name]
        return key, _EDWARDS
    message = f"auth.{name} is not a PEM private key of a kind that can sign (RSA, EC, Ed25519)"
    raise SettingsError(message)


def _kid(key: _Key) -> str:
    return key.thumbprint()
