"""The layer that admits requests, around one application."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.middleware.load_shedding import Admission, LoadSheddingMiddleware
from app.http.transfers import FindTransfer
from tests.support.wire import WIRE

PREFIX = f"/api/{WIRE}"
REJECTED: Message = {"type": "http.response.start", "status": 503, "headers": []}


async def reject(_scope: Scope, _receive: Receive, send: Send) -> None:
    """The response to a request that is not admitted."""
    await send(REJECTED)


def admitting(application: ASGIApp, find: FindTransfer = lambda *_: None) -> LoadSheddingMiddleware:
    """The layer around an application that serves ``PREFIX``."""
    return LoadSheddingMiddleware(application, admissions=[Admission(WIRE, f"{PREFIX}/", find, reject)])
