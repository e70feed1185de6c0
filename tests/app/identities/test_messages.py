"""What is sent to a provider, and what is accepted from one: each rule alone, without HTTP."""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from pydantic import SecretStr

from app.auth.views import TokenPair
from app.http.identities import IdentityComponent
from app.identities.commands import ExternalIdentity, FlowStart, ProviderReply, Visit
from app.identities.errors import InvalidProviderResponse, ProviderError, ProviderUnavailable
from app.identities.flow_secrets import challenge
from app.identities.github import GitHubProvider
from app.identities.id_token import ALGORITHMS, InvalidIdToken, NoFittingKey, public_keys, verify
from app.identities.openid import OpenIdProvider
from app.identities.views import Completed, Completion, StartedFlow
from app.kit.clock import utc_now
from app.kit.egress.client import Egress, EgressResponse
from app.settings.providers import GitHubSettings, OpenIdSettings
from tests.support.app import TestApp
from tests.support.hostile_provider import KEY, OTHER_KEY

ISSUER = "https://issuer.example/"
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://issuer.example/authorize?tenant=1",
    "token_endpoint": "https://issuer.example/token",
    "jwks_uri": "https://issuer.example/keys",
}


class Recorded:
    """Records each request, and responds with the document of its operation."""

    def __init__(self, **documents: Any) -> None:
        self.documents = documents
        self.requests: list[tuple[str, str, Mapping[str, str], Mapping[str, str] | None]] = []

    async def request(
        self,
        method: str,
        url: str,
        *,
        peer: str,  # noqa: ARG002 - of the interface
        operation: str,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None = None,
    ) -> EgressResponse:
        self.requests.append((method, url, headers, form))
        status, document = self.documents[operation]
        return EgressResponse(status, orjson.dumps(document))


def visit(*, proof: bool = False) -> Visit:
    return Visit("the state", "the nonce", "v" * 43, "https://strata.test/callback", proof, utc_now())


def openid(egress: Any, **values: Any) -> OpenIdProvider:
    settings = {"issuer": ISSUER, "client_id": "an id", "client_secret": SecretStr("a secret:%"), **values}
    return OpenIdProvider("acme", OpenIdSettings(**settings), egress)


def reply(**values: Any) -> ProviderReply:
    return ProviderReply(**{"state": "the state", "code": "the code", "iss": ISSUER, "error": None, **values})


async def test_a_visit_asks_for_what_its_response_is_checked_against() -> None:
    egress = Recorded(metadata=(200, METADATA))
    provider = openid(egress)
    for proof in (False, True):
        url = await provider.authorization_url(visit(proof=proof))
        assert url.startswith("https://issuer.example/authorize?tenant=1&")
        assert dict(parse_qsl(urlsplit(url).query)) == {
            "tenant": "1",
            "response_type": "code",
            "client_id": "an id",
            "redirect_uri": "https://strata.test/callback",
            "scope": "openid email profile",
            "state": "the state",
            "nonce": "the nonce",
            "code_challenge": challenge("v" * 43),
            "code_challenge_method": "S256",
            **({"prompt": "login", "max_age": "0"} if proof else {}),
        }
    ((method, url, _, _),) = egress.requests
    assert (method, url) == ("GET", "https://issuer.example/.well-known/openid-configuration"), "one slash"


@pytest.mark.parametrize("authentication", ["basic", "post", "none"])
async def test_a_code_is_exchanged_with_its_verifier_as_the_registered_client(authentication: str) -> None:
    egress = Recorded(metadata=(200, METADATA), token=(200, {"access_token": "a", "id_token": 1}))
    values = {"client_secret": None} if authentication == "none" else {"client_authentication": authentication}
    with pytest.raises(InvalidProviderResponse, match="ID token is missing"):
        await openid(egress, **values).identify(reply(), visit())
    method, url, headers, form = egress.requests[-1]
    assert (method, url) == ("POST", "https://issuer.example/token")
    sent = {
        "grant_type": "authorization_code",
        "code": "the code",
        "redirect_uri": "https://strata.test/callback",
        "code_verifier": "v" * 43,
    }
    if authentication == "basic":
        # RFC 6749, section 2.3.1: both are form-encoded first.
        assert headers["Authorization"] == f"Basic {base64.b64encode(b'an%20id:a%20secret%3A%25').decode()}"
    else:
        assert "Authorization" not in headers
        sent["client_id"] = "an id"
    if authentication == "post":
        sent["client_secret"] = "a secret:%"
    assert form == sent


@pytest.mark.parametrize(
    ("issuer", "url", "acceptable"),
    [
        ("https://issuer.example", "https://other.example/token", True),
        ("https://issuer.example", "http://other.example/token", False),
        ("https://issuer.example", "http://127.0.0.1/token", False),
        ("http://127.0.0.1", "http://127.0.0.1/token", True),
        ("http://127.0.0.1", "https://other.example/token", True),
        ("http://127.0.0.1", "http://other.example/token", False),
    ],
)
async def test_plain_http_is_for_an_issuer_on_this_machine(issuer: str, url: str, acceptable: bool) -> None:  # noqa: FBT001 - an expected fact
    document = {**METADATA, "issuer": issuer, "token_endpoint": url}
    document |= dict.fromkeys(("authorization_endpoint", "jwks_uri"), "https://x.example/")
    provider = openid(Recorded(metadata=(200, document)), issuer=issuer)
    if acceptable:
        assert (await provider.metadata.get()).token_endpoint == url
    else:
        with pytest.raises(InvalidProviderResponse, match="no secure token_endpoint"):
            await provider.metadata.get()


@pytest.mark.parametrize(
    ("listed", "algorithms"),
    [
        (None, {"RS256"}),
        (["RS256", "ES256", "none", "HS256", 1], {"RS256", "ES256"}),
        ("RS256", set()),
        ([], set()),
    ],
)
async def test_the_algorithms_of_an_issuer(listed: Any, algorithms: set[str]) -> None:
    """RS256 without a list (OpenID Connect Discovery 1.0), and never one that needs no private key."""
    more = {} if listed is None else {"id_token_signing_alg_values_supported": listed}
    metadata = await openid(Recorded(metadata=(200, METADATA | more))).metadata.get()
    assert metadata.algorithms == algorithms
    assert " ".join(sorted(ALGORITHMS)) == "ES256 ES384 ES512 Ed25519 EdDSA PS256 PS384 PS512 RS256 RS384 RS512"


@pytest.mark.parametrize(
    ("promised", "iss", "accepted"),
    [(None, None, True), (True, None, False), ("true", None, True), (None, "https://evil.example", False)],
)
async def test_the_issuer_of_a_reply(promised: object, iss: str | None, accepted: bool) -> None:  # noqa: FBT001 - an expected fact
    document = METADATA | {"authorization_response_iss_parameter_supported": promised}
    egress = Recorded(metadata=(200, document), token=(400, {"error": "invalid_grant"}))
    expected: tuple[type[Exception], str] = (
        (ProviderError, "invalid_grant") if accepted else (InvalidProviderResponse, "another issuer")
    )
    with pytest.raises(expected[0], match=expected[1]):
        await openid(egress).identify(reply(iss=iss), visit())


def signed(key: Any, header: Mapping[str, Any]) -> str:
    return str(jwt.encode({"alg": "RS256", **header}, {"sub": "1"}, key, algorithms=["RS256"]))


def jwk(key: RSAKey, **members: Any) -> dict[str, Any]:
    document = {**key.as_dict(private=False), **members}
    return {name: value for name, value in document.items() if value is not None}


def test_a_signature_fits_one_key_of_the_provider() -> None:
    one, other = jwk(KEY), jwk(OTHER_KEY, kid="two")
    token, unnamed = signed(KEY, {"kid": "one"}), signed(KEY, {})
    for documents, text in (([one], token), ([one, other], token), ([one], unnamed), ([jwk(KEY, alg="RS256")], token)):
        algorithm, claims = verify(text, public_keys({"keys": documents}), {"RS256"})
        assert (algorithm, claims["sub"]) == ("RS256", "1")
    for documents, text in (
        # Which of two keys it is, the token must say.
        ([one, other], unnamed),
        ([jwk(KEY, kid="three")], token),
        ([jwk(OTHER_KEY)], token),
        ([jwk(KEY, alg="RS512")], token),
        ([jwk(KEY, use="enc")], token),
        ([], token),
    ):
        with pytest.raises(NoFittingKey):
            verify(text, public_keys({"keys": documents}), {"RS256"})
    with pytest.raises(InvalidIdToken, match="not allowed"):
        verify(token, public_keys({"keys": [one]}), {"ES256"})


def test_a_published_secret_is_no_key() -> None:
    assert public_keys({"keys": [OctKey.generate_key(256).as_dict()]}) == []
    assert len(public_keys({"keys": [jwk(KEY, use=None), jwk(KEY, use="sig"), {"kty": "XYZ"}, 1]})) == 2


async def test_github_is_asked_for_the_account_and_names_its_user() -> None:
    settings = GitHubSettings(client_id="an id", client_secret=SecretStr("a secret"))
    emails = [{"email": "ada@example.com", "primary": True, "verified": True}]
    for name, shown in (("Ada Lovelace", "Ada Lovelace"), (None, "ada"), ("\u0000", "ada")):
        egress = Recorded(
            token=(200, {"access_token": "gho"}),
            user=(200, {"id": 7, "login": "ada", "name": name}),
            emails=(200, emails),
        )
        client: Any = egress
        provider = GitHubProvider(settings, client)
        for proof in (False, True):
            asked = dict(parse_qsl(urlsplit(await provider.authorization_url(visit(proof=proof))).query))
            assert asked.get("prompt") == ("select_account" if proof else None)
            assert asked["code_challenge"] == challenge("v" * 43)
        found = await provider.identify(reply(iss=None), visit())
        assert (found.provider, found.subject, found.email, found.name) == ("github", "7", "ada@example.com", shown)
        form = egress.requests[0][3]
        assert form is not None
        assert (form["code_verifier"], form["redirect_uri"]) == ("v" * 43, "https://strata.test/callback")
        assert egress.requests[1][2]["Authorization"] == "Bearer gho"


@pytest.mark.parametrize(("status", "error"), [(401, InvalidProviderResponse), (500, ProviderUnavailable)])
async def test_a_rejected_access_token_is_no_user(status: int, error: type[Exception]) -> None:
    settings = GitHubSettings(client_id="an id", client_secret=SecretStr("a secret"))
    client: Any = Recorded(token=(200, {"access_token": "gho"}), user=(status, {"id": 7}))
    with pytest.raises(error):
        await GitHubProvider(settings, client).identify(reply(), visit())


def test_no_secret_is_in_the_text_of_a_value() -> None:
    """A traceback and a log line may contain it."""
    secret = "the secret"
    values = [
        Completed(Completion.SIGNED_IN, TokenPair(secret, secret, 60, "posts:read"), secret),
        StartedFlow(secret, secret, utc_now()),
        FlowStart("acme", "https://strata.test/callback", secret),
        ProviderReply(secret, secret, None, None),
        Visit(secret, secret, secret, "https://strata.test/callback", False, utc_now()),  # noqa: FBT003 - without proof
        ExternalIdentity("acme", "1", secret, secret),
        GitHubSettings(client_id="an id", client_secret=SecretStr(secret)),
    ]
    assert [value for value in values if secret in repr(value)] == []


async def test_connections_to_providers_end_with_the_process(
    app_with_provider: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Egress] = []

    async def close(egress: Egress) -> None:
        closed.append(egress)

    monkeypatch.setattr(Egress, "close", close)
    component = app_with_provider.runtime.get(IdentityComponent)
    async with component.running():
        assert closed == []
    assert closed == [component._egress]
