"""The one HTTP client for requests to other servers.

Every request has a deadline, a bounded response, and no redirects. A feature that sends requests to addresses that
its users choose passes a ``transport`` that restricts them.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import ip_address
from time import perf_counter
from typing import Any, Final

import httpx2
import structlog

from app.kit.egress.errors import EgressError, Reason
from app.kit.egress.metrics import EgressMetrics
from observability.tracing.recording import client_span

SECONDS: Final = 5.0
"""From the start of a request to the end of its response."""
MAX_BYTES: Final = 100_000
_LOG: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class EgressResponse:
    """The response of another server."""

    status: int
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON. Raises ``EgressError``."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise EgressError(Reason.NOT_JSON) from error


class Egress:
    """Sends requests. It ignores proxies and credentials of the environment and stores no cookies."""

    def __init__(self, metrics: EgressMetrics, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._metrics = metrics
        self._transport = transport
        self._client: httpx2.AsyncClient | None = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        peer: str,
        operation: str,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BYTES,
        seconds: float = SECONDS,
    ) -> EgressResponse:
        """Send one request. ``peer`` and ``operation`` name it in metrics, logs and spans. Raises ``EgressError``."""
        started = perf_counter()
        outcome: str = Reason.UNREACHABLE
        try:
            with client_span(f"{method} {operation}", {"http.request.method": method, "peer.service": peer}):
                response = await self._bounded(method, url, headers, form, max_bytes, seconds)
            outcome = f"{response.status // 100}xx"
            return response
        except EgressError as error:
            outcome = error.reason
            _LOG.warning("egress_failed", peer=peer, operation=operation, reason=outcome)
            raise
        finally:
            self._metrics.observe(peer, operation, outcome, perf_counter() - started)

    async def close(self) -> None:
        """Close idle connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _bounded(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
        max_bytes: int,
        seconds: float,
    ) -> EgressResponse:
        if not is_secure(url):
            raise EgressError(Reason.INSECURE)
        # A compressed body could expand to any size within one chunk.
        fields = {"Accept-Encoding": "identity", "User-Agent": "strata", **(headers or {})}
        request = self._opened().build_request(method, url, headers=fields, data=form)
        try:
            async with asyncio.timeout(seconds):
                return await self._send(request, max_bytes)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise EgressError(Reason.TIMEOUT) from error
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            raise EgressError(Reason.UNREACHABLE) from error

    async def _send(self, request: httpx2.Request, max_bytes: int) -> EgressResponse:
        response = await self._opened().send(request, stream=True)
        try:
            if response.is_redirect:
                raise EgressError(Reason.REDIRECT)
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise EgressError(Reason.ENCODED)
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > max_bytes:
                    raise EgressError(Reason.TOO_LARGE)
            return EgressResponse(response.status_code, bytes(body))
        finally:
            await response.aclose()

    def _opened(self) -> httpx2.AsyncClient:
        # Opened by the first request: loading the certificates takes longer than the rest of a start.
        if self._client is None:
            self._client = httpx2.AsyncClient(
                transport=self._transport,
                timeout=None,  # the deadline of each request includes all waits
                follow_redirects=False,
                trust_env=False,
                # A cookie of one user's request would otherwise be sent with those of all others.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                limits=httpx2.Limits(max_connections=20, max_keepalive_connections=5),
            )
        return self._client


def is_secure(url: str) -> bool:
    """Whether a URL is https, or http on a loopback address, where no other machine can read the request."""
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        return False
    return (parsed.scheme == "https" and bool(parsed.host)) or (parsed.scheme == "http" and is_loopback(parsed.host))


def is_loopback(host: str) -> bool:
    """Whether a host is ``localhost`` or a loopback address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
