"""``/metrics``: the registry as Prometheus text, or as OpenMetrics if the client accepts it."""

import asyncio
import gzip
from collections.abc import Callable
from functools import partial
from typing import Final

from prometheus_client.exposition import choose_encoder, gzip_accepted
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from observability.bearer import has_token
from observability.metrics.multiprocess.locks import Busy
from observability.metrics.registry import Registry

_REWRITTEN_NAMES: Final = ("escaping=dots", "escaping=values")


class Exposition:
    """An ASGI application, to be used as the endpoint of a ``Route``.

    A registry with thousands of series takes tens of milliseconds to render, so a thread renders it.
    """

    def __init__(self, registry: Registry, token: str | None = None) -> None:
        self._registry = registry
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._response(scope)
        await response(scope, receive, send)

    async def _response(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("Method Not Allowed", 405, headers={"Allow": "GET, HEAD"})
        headers = Headers(scope=scope)
        if self._token is not None and not has_token(headers, self._token):
            return PlainTextResponse("Unauthorized", 401, headers={"WWW-Authenticate": 'Bearer realm="metrics"'})
        try:
            return await self._rendered(headers)
        except Busy:
            return PlainTextResponse("Another scrape takes too long", 503, headers={"Retry-After": "5"})

    async def _rendered(self, headers: Headers) -> Response:
        encode, content_type = choose_encoder(headers.get("accept", ""))
        fast_writer = self._fast_writer(content_type)
        body = await asyncio.to_thread(partial(encode, self._registry) if fast_writer is None else fast_writer)
        own = {"Content-Type": content_type, "Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding"}
        if gzip_accepted(headers.get("accept-encoding", "")):
            body = await asyncio.to_thread(gzip.compress, body, 1)
            own["Content-Encoding"] = "gzip"
        return Response(body, headers=own)

    def _fast_writer(self, content_type: str) -> Callable[[], bytes] | None:
        """Return our own, faster writer for the format that prometheus_client selected, if there is one."""
        if content_type.endswith(_REWRITTEN_NAMES):
            return None
        if content_type.startswith("text/plain"):
            return self._registry.text
        return self._registry.openmetrics if "version=1.0.0" in content_type else None
