"""``/metrics``: the registry as Prometheus text, or as OpenMetrics for whoever accepts it."""

import asyncio
import gzip

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder, gzip_accepted
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send


class Exposition:
    """An ASGI application, to be given to a ``Route`` as its endpoint.

    A registry with thousands of series takes tens of milliseconds to render: that happens beside the event loop.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._response(scope) if scope["method"] in ("GET", "HEAD") else _refusal()
        await response(scope, receive, send)

    async def _response(self, scope: Scope) -> Response:
        headers = Headers(scope=scope)
        encode, content_type = choose_encoder(headers.get("accept", ""))
        body = await asyncio.to_thread(encode, self._registry)
        own = {"Content-Type": content_type, "Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding"}
        if gzip_accepted(headers.get("accept-encoding", "")):
            body = await asyncio.to_thread(gzip.compress, body, 1)
            own["Content-Encoding"] = "gzip"
        return Response(body, headers=own)


def _refusal() -> Response:
    return PlainTextResponse("Method Not Allowed", 405, headers={"Allow": "GET, HEAD"})
