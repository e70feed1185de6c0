"""Tokens are signed with each kind of key, and each claim of a token is checked."""

import warnings
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import extract_compact
from pydantic import SecretStr

from app.access.errors import ImplausibleCredentials
from app.auth.tokens import Claims, TokenSigner, TokenType
from app.kit.clock import utc_now
from app.settings.auth import AuthSettings
from app.settings.errors import SettingsError

SECRET = "a secret of sufficient length for a test"
USER, SESSION, JTI = uuid4(), uuid4(), uuid4()
SECOND = timedelta(seconds=1)
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k"}


def pem(key: Any) -> str:
    return str(key.as_pem(private=True).decode())


KEYS = {
    "HS256": SECRET,
    "RS256": pem(RSAKey.generate_key(2048, private=True)),
    "ES256": pem(ECKey.generate_key("P-256", private=True)),
    "ES384": pem(ECKey.generate_key("P-384", private=True)),
    "ES512": pem(ECKey.generate_key("P-521", private=True)),
    "EdDSA": pem(OKPKey.generate_key("Ed25519", private=True)),
}


def settings(key: str = SECRET, *previous: str, **others: Any) -> AuthSettings:
    return AuthSettings(signing_key=SecretStr(key), previous_signing_keys=list(map(SecretStr, previous)), **others)


def issue(signer: TokenSigner, kind: TokenType = TokenType.ACCESS, at: datetime | None = None) -> str:
    return signer.issue(kind, subject=USER, session=SESSION, jti=JTI, at=at)


@pytest.mark.parametrize("algorithm", KEYS)
def test_the_algorithm_belongs_to_the_key(algorithm: str) -> None:
    signer = TokenSigner(settings(KEYS[algorithm]))
    token = issue(signer)
    header = extract_compact(token.encode()).headers()
    assert (header["alg"], header["typ"]) == (algorithm, "JWT")
    assert signer.verify(token) == Claims(USER, SESSION, JTI, TokenType.ACCESS)
    published = signer.public_keys()
    if algorithm == "HS256":
        assert published is None
        return
    assert published is not None
    (key,) = published["keys"]
    assert (key["kid"], key["alg"], key["use"]) == (header["kid"], algorithm, "sig")
    assert PRIVATE.isdisjoint(key)
    public = {"RS256": RSAKey, "EdDSA": OKPKey}.get(algorithm, ECKey)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        assert jwt.decode(token, public.import_key(key), algorithms=[algorithm]).claims["sub"] == str(USER)


def test_previous_keys_are_accepted_and_published_and_never_sign() -> None:
    old, new = KEYS["ES256"], KEYS["EdDSA"]
    before, after = TokenSigner(settings(old)), TokenSigner(settings(new, old, SECRET))
    for signer in (before, TokenSigner(settings(SECRET)), after):
        assert after.verify(issue(signer)).subject == USER
    with pytest.raises(ImplausibleCredentials):
        before.verify(issue(after))
    published = after.public_keys()
    assert published is not None
    assert [key["alg"] for key in published["keys"]] == ["EdDSA", "ES256"]


@pytest.mark.parametrize(("kind", "seconds"), [(TokenType.ACCESS, 100), (TokenType.REFRESH, 2000)])
def test_the_claims_of_a_token(kind: TokenType, seconds: int) -> None:
    signer = TokenSigner(settings(access_ttl=100, refresh_ttl=2000, issuer="us", audience="them"))
    at = datetime(2026, 11, 28, 12, tzinfo=UTC)
    token = jwt.decode(issue(signer, kind, at), OctKey.import_key(SECRET), algorithms=["HS256"])
    assert token.claims == {
        "iss": "us",
        "aud": "them",
        "sub": str(USER),
        "sid": str(SESSION),
        "jti": str(JTI),
        "type": kind.value,
        "iat": int(at.timestamp()),
        "exp": int(at.timestamp()) + seconds,
    }


def test_a_token_is_issued_now_with_an_identifier_of_its_own() -> None:
    signer = TokenSigner(settings())
    tokens = [signer.issue(TokenType.ACCESS, subject=USER, session=SESSION) for _ in range(2)]
    first, second = (signer.verify(token).jti for token in tokens)
    assert first != second
    claims = jwt.decode(tokens[0], OctKey.import_key(SECRET), algorithms=["HS256"]).claims
    assert abs(claims["iat"] - utc_now().timestamp()) < 60


@pytest.mark.parametrize(("late", "valid"), [(-60, True), (-2, True), (60, False)])
def test_clocks_may_differ_by_a_few_seconds(late: int, *, valid: bool) -> None:
    """5 seconds are tolerated, at the end of a token as well as before its beginning."""
    signer = TokenSigner(settings(access_ttl=100))
    for at in (utc_now() - 100 * SECOND - late * SECOND, utc_now() + late * SECOND if late > 0 else utc_now()):
        if valid:
            assert signer.verify(issue(signer, at=at)).subject == USER
        else:
            with pytest.raises(ImplausibleCredentials):
                signer.verify(issue(signer, at=at))


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "sid", "jti", "type", "iat", "exp"])
@pytest.mark.parametrize("value", [None, 7, "other", [], {}])
def test_every_claim_is_necessary_and_checked(name: str, value: object) -> None:
    signer = TokenSigner(settings())
    token = issue(signer)
    header = extract_compact(token.encode()).headers()
    key = OctKey.import_key(SECRET)
    claims = dict(jwt.decode(token, key, algorithms=["HS256"]).claims)

    def signed(changed: dict[str, Any]) -> str:
        return jwt.encode(dict(header), changed, key, algorithms=["HS256"])

    assert signer.verify(signed(claims)).subject == USER
    for changed in ({key: value for key, value in claims.items() if key != name}, {**claims, name: value}):
        if changed.get(name) == 7 and name == "iat":
            continue  # An early beginning is no defect.
        with pytest.raises(ImplausibleCredentials):
            signer.verify(signed(changed))


@pytest.mark.parametrize("text", ["", "a", "a.b.c", "....", "é.b.c", orjson.dumps({}).decode()])
def test_other_texts_are_rejected(text: str) -> None:
    with pytest.raises(ImplausibleCredentials):
        TokenSigner(settings()).verify(text)


def test_a_key_that_cannot_sign_is_an_error_of_the_settings() -> None:
    for text in (pem(OKPKey.generate_key("X25519", private=True))[:60], "-----BEGIN PRIVATE KEY-----\nx\n"):
        for name, given in {
            "signing_key": settings(text),
            "next_signing_key": settings(next_signing_key=SecretStr(text)),
            "previous_signing_keys": settings(SECRET, text),
        }.items():
            with pytest.raises(SettingsError, match=rf"auth\.{name} is not a PEM private key of a kind that can sign"):
                TokenSigner(given)
    with pytest.raises(SettingsError, match=r"auth\.signing_key is missing"):
        TokenSigner(AuthSettings())


def test_the_identifiers_are_those_that_were_given() -> None:
    signer = TokenSigner(settings())
    claims = signer.verify(signer.issue(TokenType.REFRESH, subject=UUID(int=1), session=UUID(int=2), jti=UUID(int=3)))
    assert claims == Claims(UUID(int=1), UUID(int=2), UUID(int=3), TokenType.REFRESH)
