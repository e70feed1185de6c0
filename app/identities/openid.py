"""A client of OpenID Connect issuers: authorization code flow with PKCE (RFC 7636) and issuer check (RFC 9207)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from app.identities.cached import Cached
from app.identities.commands import ExternalIdentity, ProviderReply, Visit
from app.identities.flow_secrets import challenge
from app.identities.id_token import (
    ALGORITHMS,
    Expected,
    InvalidIdToken,
    NoFittingKey,
    PublicKey,
    ensure_claims,
    public_keys,
    verify,
)
from app.identities.providers import (
    JSON,
    Requests,
    authorization_url,
    json_object,
    reject,
    reject_error,
    token_response,
    usable_address,
    usable_name,
)
from app.kit.clock import utc_now
from app.kit.egress.client import Egress, is_secure
from app.settings.providers import OpenIdSettings

_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the client needs of an issuer's metadata (OpenID Connect Discovery 1.0)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    algorithms: frozenset[str]
    promises_issuer: bool


class OpenIdProvider:
    """One issuer. Metadata and keys are fetched at first use, and hourly."""

    def __init__(self, name: str, settings: OpenIdSettings, egress: Egress, prompt: str = "login") -> None:
        self.name = name
        self._settings = settings
        self._requests = Requests(name, egress)
        self._prompt = prompt
        self.metadata = Cached(self._fetch_metadata)
        self.keys: Cached[list[PublicKey]] = Cached(self._fetch_keys)

    async def authorization_url(self, visit: Visit) -> str:
        """See ``Provider``."""
        parameters = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": visit.callback,
            "scope": self._settings.scopes,
            "state": visit.state,
            "nonce": visit.nonce,
            "code_challenge": challenge(visit.verifier),
            "code_challenge_method": "S256",
        }
        if visit.proof:
            parameters |= {"prompt": self._prompt, "max_age": "0"}
        return authorization_url((await self.metadata.get()).authorization_endpoint, parameters)

    async def identify(self, reply: ProviderReply, visit: Visit) -> ExternalIdentity:
        """See ``Provider``."""
        metadata = await self.metadata.get()
        if reply.iss != self._settings.issuer and (reply.iss is not None or metadata.promises_issuer):
            reject(self.name, "it comes from another issuer")
        if reply.error is not None:
            reject_error(self.name, reply.error)
        if not reply.code:
            reject(self.name, "the code is missing")
        tokens = await self._exchange(metadata, reply.code, visit)
        access_token, id_token = tokens["access_token"], tokens.get("id_token")
        if not isinstance(id_token, str):
            reject(self.name, "the ID token is missing")
        try:
            algorithm, claims = await self._verified(metadata, id_token)
            now = utc_now().timestamp()
            expected = Expected(self._settings.issuer, self._settings.client_id, visit, access_token, now)
            subject = ensure_claims(claims, algorithm, expected)
        except InvalidIdToken as error:
            reject(self.name, error.reason)
        if "email" not in claims and metadata.userinfo_endpoint is not None:
            claims = {**claims, **await self._user_info(metadata.userinfo_endpoint, access_token, subject)}
        # A text "false" is true in Python; only the JSON value counts.
        email = claims.get("email") if claims.get("email_verified") is True else None
        return ExternalIdentity(self.name, subject, usable_address(email), usable_name(claims.get("name")))

    async def _exchange(self, metadata: Metadata, code: str, visit: Visit) -> Mapping[str, Any]:
        settings = self._settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": visit.callback,
            "code_verifier": visit.verifier,
        }
        headers = dict(JSON)
        if settings.client_secret is None:
            form["client_id"] = settings.client_id
        elif settings.client_authentication == "post":
            form |= {"client_id": settings.client_id, "client_secret": settings.client_secret.get_secret_value()}
        else:
            # RFC 6749, section 2.3.1: both are form-encoded first.
            pair = f"{_encoded(settings.client_id)}:{_encoded(settings.client_secret.get_secret_value())}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        response = await self._requests.send("POST", metadata.token_endpoint, "token", headers, form)
        return token_response(self.name, response)

    async def _verified(self, metadata: Metadata, id_token: str) -> tuple[str, Mapping[str, Any]]:
        try:
            return verify(id_token, await self.keys.get(), metadata.algorithms)
        except NoFittingKey:
            return verify(id_token, await self.keys.refreshed(), metadata.algorithms)

    async def _user_info(self, url: str, access_token: str, subject: str) -> Mapping[str, Any]:
        headers = {**JSON, "Authorization": f"Bearer {access_token}"}
        claims = json_object(self.name, await self._requests.send("GET", url, "userinfo", headers))
        if claims.get("sub") != subject:
            reject(self.name, "the user info is about another user")
        return {name: claims[name] for name in ("email", "email_verified", "name") if name in claims}

    async def _fetch_metadata(self) -> Metadata:
        issuer = self._settings.issuer
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        document = json_object(self.name, await self._requests.send("GET", url, "metadata", JSON))
        if document.get("issuer") != issuer:
            reject(self.name, "its metadata name another issuer")
        urls = {name: document.get(name) for name in (*_ENDPOINTS, "userinfo_endpoint")}
        for name, value in urls.items():
            optional = value is None and name not in _ENDPOINTS
            if not optional and (not isinstance(value, str) or not self._is_acceptable(value)):
                reject(self.name, f"its metadata have no secure {name}")
        supported = document.get("id_token_signing_alg_values_supported", ["RS256"])
        algorithms = ALGORITHMS.intersection(
            value for value in (supported if isinstance(supported, list) else []) if isinstance(value, str)
        )
        promise = document.get("authorization_response_iss_parameter_supported")
        return Metadata(**urls, algorithms=algorithms, promises_issuer=promise is True)  # type: ignore[arg-type]  # checked above

    async def _fetch_keys(self) -> list[PublicKey]:
        url = (await self.metadata.get()).jwks_uri
        return public_keys(json_object(self.name, await self._requests.send("GET", url, "keys", JSON)))

    def _is_acceptable(self, url: str) -> bool:
        """Plain http is for an issuer on this machine only."""
        return is_secure(url) and (url.startswith("https://") or self._settings.issuer.startswith("http://"))


def _encoded(text: str) -> str:
    return quote(text, safe="")
