"""The response of a process at capacity, which a version's renderer renders once and not for each request."""

import re
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from app.http.caching import NO_STORE
from app.http.errors.failures import retry_delay
from app.http.errors.problems import PATH_CHARACTERS
from app.http.live.streams import Refusal
from app.http.middleware.load_shedding import Overloaded
from app.http.middleware.shed_requests import ShedRequests
from app.http.runtime import runtime_of
from app.lifecycle.version import VersionLifecycle
from observability.requests.context import KEY, RequestContext
from observability.requests.ids import id_headers, read_ids
from observability.requests.middleware import NO_SNIFFING
from versions.kit.lifecycle_headers import lifecycle_headers
from versions.kit.rendering import Renderer, reopens_stream

_REQUEST_ID: Final = "prepared-request-id"
_TRACE_ID: Final = "prepared-trace-id"
_PATH: Final = "/prepared-path"
_SLOTS: Final = {
    _REQUEST_ID.encode(): b"%(request_id)b",
    _TRACE_ID.encode(): b"%(trace_id)b",
    _PATH.encode(): b"%(path)b",
}
_SLOT: Final = re.compile(b"|".join(_SLOTS))
_LENGTHS: Final = frozenset({b"content-length", b"retry-after"})


class PreparedOverload:
    """An ASGI application that sends the version's response to ``Overloaded``, counts it, and charges nothing.

    Its bytes are those of the renderer; ids and path are inserted into them. It has no quota, since none was read, and
    no private caching, since no credentials were evaluated.
    """

    def __init__(self, version: VersionLifecycle, render: Renderer) -> None:
        self._name = version.name
        context = RequestContext(_REQUEST_ID, _TRACE_ID, "", parent_span_id=None, api_version=version.name)
        scope = {"type": "http", "method": "GET", "path": _PATH, "headers": [], "state": {KEY: context}}
        response = render(Request(scope), Overloaded(retry_after=Overloaded.seconds))
        body = bytes(response.body).replace(b"%", b"%%")
        self._template = _SLOT.sub(lambda slot: _SLOTS[slot[0]], body)
        self._status = response.status_code
        self._headers = [field for field in response.raw_headers if field[0] not in _LENGTHS]
        self._common = (
            NO_STORE,
            NO_SNIFFING,
            *((name.encode(), value.encode()) for name, value in lifecycle_headers(version).items()),
        )

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the response to a request, or to the handshake of a WebSocket."""
        runtime_of(scope).get(ShedRequests).count(self._name)
        ids = read_ids(scope["headers"])
        status, headers, body = self._status, self._headers, b""
        if reopens_stream(scope["headers"]):
            refusal = Refusal()
            status, headers, body = refusal.status_code, refusal.raw_headers, bytes(refusal.body)
        else:
            body = self._template % {
                b"request_id": ids.request_id.encode(),
                b"trace_id": ids.trace_id.encode(),
                b"path": quote(scope["path"], PATH_CHARACTERS, errors="replace").encode(),
            }
            headers = [
                (b"content-length", b"%d" % len(body)),
                *headers,
                (b"retry-after", b"%d" % retry_delay(Overloaded.seconds, Overloaded.kind)),
            ]
        prefix = "websocket.http" if scope["type"] == "websocket" else "http"
        await send(
            {
                "type": f"{prefix}.response.start",
                "status": status,
                "headers": [
                    *headers,
                    *self._common,
                    *id_headers(ids.request_id, ids.trace_id, ids.span_id, sampled=False),
                ],
            }
        )
        await send({"type": f"{prefix}.response.body", "body": body})
