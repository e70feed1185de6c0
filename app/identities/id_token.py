"""Validates ID tokens (OpenID Connect Core 1.0, section 3.1.3.7)."""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OctKey, OKPKey, RSAKey
from joserfc.jws import extract_compact

from app.identities.commands import Visit
from app.identities.flow_secrets import base64url

ALGORITHMS: Final = frozenset(
    {
        *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        *("ES256", "ES384", "ES512", "Ed25519", "EdDSA"),
    }
)
"""Asymmetric ones: neither ``none`` nor a public key used as a secret can pass."""
SKEW: Final = 60
"""Tolerated difference of the clocks, in seconds."""
_LONGEST_SUBJECT: Final = 255
_UNREADABLE: Final = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)

PublicKey = RSAKey | ECKey | OKPKey


class InvalidIdToken(Exception):
    """``reason`` is a constant of the code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NoFittingKey(InvalidIdToken):
    """No published key fits: the provider may have exchanged its keys."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the claims of a token must be."""

    issuer: str
    client_id: str
    visit: Visit
    access_token: str
    now: float


def public_keys(document: Mapping[str, Any]) -> list[PublicKey]:
    """The keys of a JWK set that can verify a signature. Others, and unreadable ones, are left out."""
    keys = []
    entries = document.get("keys")
    for entry in entries if isinstance(entries, list) else []:
        try:
            key = JWKRegistry.import_key(entry)
        except _UNREADABLE:
            continue
        if not isinstance(key, OctKey) and entry.get("use") in {None, "sig"}:
            keys.append(key)
    return keys


def verify(token: str, keys: Iterable[PublicKey], algorithms: Collection[str]) -> tuple[str, Mapping[str, Any]]:
    """The algorithm and the claims of a signed token. Raises ``NoFittingKey``, ``InvalidIdToken``."""
    try:
        header = extract_compact(token.encode()).headers()
        algorithm, kid = header["alg"], header.get("kid")
    except _UNREADABLE as error:
        reason = "the ID token cannot be read"
        raise InvalidIdToken(reason) from error
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        reason = "the ID token is signed with an algorithm that is not allowed"
        raise InvalidIdToken(reason)
    known = list(keys)
    candidates = known if kid is None and len(known) == 1 else [key for key in known if key.kid == kid]
    for key in candidates:
        if key.alg not in {None, algorithm}:
            continue
        try:
            return algorithm, jwt.decode(token, key, algorithms=[algorithm]).claims
        except _UNREADABLE:
            continue
    reason = "the signature of the ID token fits no key of the provider"
    raise NoFittingKey(reason)


def ensure_claims(claims: Mapping[str, Any], algorithm: str, expected: Expected) -> str:
    """The subject of a token whose claims are as expected. Raises ``InvalidIdToken``."""
    visit, audience = expected.visit, claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    _ensure(claims.get("iss") == expected.issuer, "the ID token is of another issuer")
    _ensure(expected.client_id in audiences, "the ID token is for another client")
    if len(audiences) > 1 or "azp" in claims:
        _ensure(claims.get("azp") == expected.client_id, "the ID token was issued to another client")
    _ensure(_time(claims.get("exp")) > expected.now - SKEW, "the ID token has expired")
    _ensure(0 < _time(claims.get("iat")) <= expected.now + SKEW, "the ID token was issued in the future")
    nonce = claims.get("nonce")
    _ensure(isinstance(nonce, str) and _equal(nonce, visit.nonce), "the nonce of the ID token differs")
    if "at_hash" in claims:
        value = claims["at_hash"]
        fits = isinstance(value, str) and _equal(value, _at_hash(expected.access_token, algorithm))
        _ensure(fits, "the ID token is for another access token")
    if visit.proof and "auth_time" in claims:
        fresh = _time(claims["auth_time"]) >= visit.started_at.timestamp() - SKEW
        _ensure(fresh, "the provider did not authenticate the user again")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT or "\x00" in subject:
        reason = "the subject of the ID token is not a text of at most 255 characters"
        raise InvalidIdToken(reason)
    return subject


def _ensure(condition: bool, reason: str) -> None:  # noqa: FBT001 - reads like an assertion
    if not condition:
        raise InvalidIdToken(reason)


def _time(value: object) -> float:
    """A NumericDate; -1 for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else -1.0


def _at_hash(access_token: str, algorithm: str) -> str:
    """The left half of the digest of the access token (section 3.1.3.6); that of Ed25519 is SHA-512."""
    bits = algorithm[-3:] if algorithm[-3:].isdigit() else "512"
    value = hashlib.new(f"sha{bits}", access_token.encode()).digest()
    return base64url(value[: len(value) // 2])


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode())
