"""An OpenID provider that lies in one way at a time."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from app.settings.providers import OpenIdSettings, ProviderSettings

NAME: Final = "acme"
"""The provider in the settings of an application."""
CLIENT: Final = "strata"
SECRET: Final = "the secret of the client"
ACCESS_TOKEN: Final = "an access token"
KEY: Final = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER_KEY: Final = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
Parts = dict[str, Any]
Change = Callable[[Parts], object]


def at_hash(token: str) -> str:
    """The claim for RS256."""
    return _base64url(hashlib.sha256(token.encode()).digest()[:16])


@dataclass
class HostileProvider:
    """Honest until ``lie`` changes a part: ``metadata``, ``reply``, ``tokens``, ``claims`` or ``keys``."""

    issuer: str = ""
    claims: Parts = field(default_factory=dict)
    lie: Mapping[str, Change] = field(default_factory=dict)
    signing_key: Any = field(default_factory=lambda: KEY)
    algorithm: str = "RS256"
    header: Parts = field(default_factory=dict)
    response: bytes | None = None
    """Replaces the response to the token request."""
    delay: float = 0
    requests: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    """Path, headers and form of each request."""
    nonces: dict[str, str] = field(default_factory=dict)
    visits: int = 0

    def settings(self, **others: OpenIdSettings) -> ProviderSettings:
        """The settings of an application that this provider, and others, sign in to."""
        acme = OpenIdSettings(issuer=self.issuer, client_id=CLIENT, client_secret=SECRET)
        return ProviderSettings(openid={NAME: acme, **others})

    def authorize(self, url: str) -> dict[str, str]:
        """The parameters with which the browser returns after it opened ``url``."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert asked["code_challenge_method"] == "S256"
        self.visits += 1
        code = f"code-{self.visits}"
        self.nonces[code] = asked["nonce"]
        return self._told("reply", {"code": code, "state": asked["state"], "iss": self.issuer})

    def _told(self, name: str, value: Parts) -> Parts:
        if name in self.lie:
            self.lie[name](value)
        return value

    def _metadata(self) -> Parts:
        return self._told(
            "metadata",
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
                "authorization_response_iss_parameter_supported": True,
            },
        )

    def _tokens(self, form: Mapping[str, str]) -> Parts:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 60}
        claims |= {"nonce": self.nonces.get(form.get("code", ""), ""), "at_hash": at_hash(ACCESS_TOKEN)}
        claims |= {"email": "ada@example.com", "email_verified": True, "name": "Ada", **self.claims}
        header = {"alg": self.algorithm, "kid": "one", **self.header}
        claims = self._told("claims", claims)
        if self.algorithm not in {"none", "HS256"}:
            token = jwt.encode(header, claims, self.signing_key, algorithms=[self.algorithm])
        else:
            token = forged(self.algorithm, header, claims)
        return self._told("tokens", {"access_token": ACCESS_TOKEN, "token_type": "Bearer", "id_token": token})

    def respond(self, path: str, form: Mapping[str, str]) -> bytes:
        """The response to one request, with its head."""
        if path == "/token" and self.response is not None:
            return self.response
        if path == "/token":
            return json_response(self._tokens(form))
        if path == "/keys":
            return json_response(self._told("keys", {"keys": [KEY.as_dict(private=False)]}))
        if path == "/.well-known/openid-configuration":
            return json_response(self._metadata())
        return json_response({"sub": "1"})

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = (await reader.readexactly(int(headers.get("content-length", 0)))).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            path = head[0].split()[1]
            self.requests.append((path, headers, form))
            response = self.respond(path, form)
            if path == "/token":
                await asyncio.sleep(self.delay)
            writer.write(response)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def forged(algorithm: str, header: Parts, claims: Parts) -> str:
    """A token without a signature, or one whose HMAC has the public key as its secret (RFC 8725, section 2.1)."""
    signed = ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
    secret = KEY.as_pem(private=False)
    return f"{signed}.{'' if algorithm == 'none' else _base64url(hmac.digest(secret, signed.encode(), 'sha256'))}"


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def json_response(value: object, status: str = "200 OK") -> bytes:
    """A response whose body is JSON."""
    return http_response(json.dumps(value).encode(), status)


def http_response(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    """A response; the server closes the connection after it."""
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


@asynccontextmanager
async def hostile_provider() -> AsyncIterator[HostileProvider]:
    """A provider on a port of its own."""
    provider = HostileProvider()
    server = await asyncio.start_server(provider.connected, "127.0.0.1", 0)
    async with server:
        provider.issuer = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield provider
