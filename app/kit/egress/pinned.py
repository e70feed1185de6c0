"""Requests to addresses that users choose.

Each attempt resolves the host, refuses it if any of its addresses is not allowed, and connects to one of the addresses
that it judged. A name that changes its address between the check and the connection therefore changes nothing.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from app.kit.egress.destinations import Destination, Guard
from app.kit.egress.errors import EgressError, Reason

ATTEMPT_SECONDS: Final = 15.0
"""From the resolution of the name to the end of the response."""
EXCERPT_BYTES: Final = 4_096


@dataclass(frozen=True, slots=True)
class Answer:
    """What a stranger responded. ``excerpt`` is the begin of the body; the rest is not read."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    excerpt: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The excerpt as text that a database can store."""
        return self.excerpt.decode("utf-8", "replace").replace("\0", "")


class PinnedEgress:
    """Sends requests to allowed destinations. It follows no redirects and uses no connection twice."""

    def __init__(self, guard: Guard, verify: ssl.SSLContext | None = None) -> None:
        self.guard = guard
        self._verify = verify

    async def post(
        self, url: str, content: bytes, headers: Mapping[str, str], seconds: float = ATTEMPT_SECONDS
    ) -> Answer:
        """Send one request and return its response, also one with an error status. Raises ``EgressError``."""
        destination = self.guard.parse(url)
        try:
            async with asyncio.timeout(seconds):
                return await self._first(destination, await self.guard.locate(destination), content, headers)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise EgressError(Reason.TIMEOUT) from error
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError) as error:
            raise EgressError(Reason.TLS if _is_tls(error) else Reason.UNREACHABLE) from error

    async def _first(
        self, destination: Destination, addresses: Sequence[str], content: bytes, headers: Mapping[str, str]
    ) -> Answer:
        *others, last = addresses
        for address in others:
            try:
                return await self._send(destination, address, content, headers)
            except httpx2.ConnectError:
                continue  # nothing was sent
        return await self._send(destination, last, content, headers)

    async def _send(self, destination: Destination, address: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        host = f"[{address}]" if ":" in address else address
        url = f"{destination.scheme}://{host}:{destination.port}{destination.target}"
        extensions: dict[str, Any] = {} if destination.is_literal else {"sni_hostname": destination.host}
        # A compressed body could expand to any size within one chunk.
        fields = {**headers, "Host": destination.authority, "Accept-Encoding": "identity", "Connection": "close"}
        # A client per attempt: a connection that the other side has closed would count as its failure. Proxies of the
        # environment would resolve the name again.
        async with httpx2.AsyncClient(
            verify=self._context(), timeout=None, follow_redirects=False, trust_env=False, http2=False
        ) as client:
            request = client.build_request("POST", url, content=content, headers=fields, extensions=extensions)
            response = await client.send(request, stream=True)
            try:
                return Answer(response.status_code, dict(response.headers), await _excerpt(response))
            finally:
                await response.aclose()

    def _context(self) -> ssl.SSLContext:
        # Built by the first attempt: loading the certificates takes longer than an attempt.
        if self._verify is None:
            self._verify = httpx2.create_ssl_context(trust_env=False)
        return self._verify


async def _excerpt(response: httpx2.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk[: EXCERPT_BYTES - len(body)]
        if len(body) >= EXCERPT_BYTES:
            break
    return bytes(body)


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
