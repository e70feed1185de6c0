"""Rejects requests beyond what a process can serve in good time, so that no request waits long."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Unavailable
from app.http.handshakes import method_of
from app.http.runtime import Component, Runtime, runtime_of
from app.http.slots import Slots
from app.http.state import RequestState, separate_state, state_of
from app.http.transfer_metrics import TransferMetrics
from app.http.transfers import FindTransfer, Transfer, TransferCapacity
from app.settings.http import HttpSettings
from observability.requests.routes import path_below_mount


class Overloaded(Unavailable):
    code = "overloaded"
    detail = "More requests are under way than can be answered in good time. Try again in a moment."
    seconds = 1
    """Its ``retry_after``: a process at capacity finishes hundreds of requests in a second."""


class Capacity(Slots, Component):
    """How many requests the process may serve at once, and how many it serves now, without transfers."""

    @classmethod
    def build(cls, runtime: Runtime) -> "Capacity":
        """The capacity that the settings allow."""
        return cls(runtime.settings[HttpSettings].max_concurrent_requests)


@dataclass(frozen=True, slots=True)
class Admission:
    """What is decided about the requests of one version before any other layer runs."""

    version: str
    prefix: str
    """The path of the version, with a slash at its end."""
    find_transfer: FindTransfer
    reject: ASGIApp
    """Sends the response to a request that is not admitted, and counts it in ``ShedRequests``."""


class LoadSheddingMiddleware:
    """Rejects a request when the process already serves ``Capacity.limit`` requests, of whichever version.

    Transfers are counted apart, against ``TransferCapacity.limit``. Paths outside of versions, such as those of probes,
    are not limited.

    With an unbounded queue every response would be late. A rejection says when to retry, and must cost a small part of
    a response. It runs before all other layers: nothing is charged, logged or traced for the single request, and
    ``ShedRequests`` counts it.
    """

    def __init__(self, app: ASGIApp, *, admissions: Sequence[Admission]) -> None:
        self._app = app
        self._admissions = tuple(admissions)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        admission = None if scope["type"] == "lifespan" else self._admission(scope)
        if admission is None:
            await self._app(scope, receive, send)
            return
        separate_state(scope)
        runtime, state = runtime_of(scope), state_of(scope)
        below = path_below_mount(scope)[len(admission.prefix) - 1 :]
        transfer = state.transfer = admission.find_transfer(method_of(scope), below)
        capacity: Slots = runtime.get(Capacity) if transfer is None else runtime.get(TransferCapacity)
        if capacity.in_use >= capacity.limit:
            await admission.reject(scope, receive, send)
        elif scope["type"] == "websocket":
            # A WebSocket stays open for hours; it does not count as a request in progress.
            await self._app(scope, receive, send)
        else:
            capacity.in_use += 1
            state.occupied = capacity
            try:
                if transfer is None:
                    await self._app(scope, receive, send)
                else:
                    await self._transfer(runtime, admission.version, transfer, scope, receive, send)
            finally:
                _release(state)

    async def _transfer(
        self, runtime: Runtime, version: str, transfer: Transfer, scope: Scope, receive: Receive, send: Send
    ) -> None:
        active = runtime.metrics.group(TransferMetrics).active.labels(version, transfer.direction)
        active.inc()
        try:
            await self._app(scope, receive, send)
        finally:
            active.dec()

    def _admission(self, scope: Scope) -> Admission | None:
        path = path_below_mount(scope)
        for admission in self._admissions:
            if path.startswith(admission.prefix):
                return admission
        return None


def release_capacity(scope: Scope) -> None:
    """The request is over, or its response is a stream that has started, which counts as an open connection."""
    _release(state_of(scope))


def _release(state: RequestState) -> None:
    if state.occupied is not None:
        state.occupied.in_use -= 1
        state.occupied = None
