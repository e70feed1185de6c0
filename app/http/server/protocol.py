"""uvicorn's HTTP protocol with limits that apply before a request is complete.

Everything that Strata uses of uvicorn's internals is in this module and in ``websockets.py``. ``pyproject.toml`` pins
uvicorn's minor version, and ``tests/architecture/test_server_protocol.py`` has a test for each tie.
"""

import asyncio
from typing import Any, Final, cast

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from app.http.server.connections import Connections
from app.http.server.first_request import FirstRequest
from app.http.server.lingering import LingeringProtocol, LingeringTransport, Phase
from app.http.server.rejections import (
    FRAMING_TOO_LARGE,
    HEAD_TOO_LARGE,
    MALFORMED,
    PIPELINED,
    TIMEOUTS,
    TOO_MANY_CONNECTIONS,
    Rejection,
)
from app.http.server.unread import UnreadTimer
from app.http.server.websockets import invalid_handshake

UVICORN_MINOR: Final = "0.54"
Request = tuple[RequestResponseCycle, Any]
"""The cycle of a request, and the ASGI application in uvicorn's type."""


class LimitedHttpProtocol(UnreadTimer, FirstRequest, LingeringProtocol, HttpToolsProtocol):
    """Rejects heads, bodies and connections beyond ``ConnectionLimits``.

    A head that is complete is limited by the application, in the format of its version; here are the limits on what is
    incomplete. A connection that is closed while its client sends lingers: the response is followed by the end of the
    stream, and input is discarded up to a limit, because closing a socket with unread input resets the connection and
    destroys the response.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.open_connections = Connections.of(app_state)
        self.limits = self.open_connections.limits
        self._phase = Phase.WAITING
        self._head_bytes = 0
        """Received of a head that is incomplete."""
        self._active: RequestResponseCycle | None = None
        """The request that is executed; ``cycle`` is the last one that was parsed."""
        self._starting: Request | None = None
        """The request to start when all input is parsed: a syntax error after its head must not execute it."""
        self._rejection: Rejection | None = None
        # Of a body that is incomplete at the end of the input; other bodies cost nothing here.
        self._body_checked = False
        self._chunked = False
        self._received = 0
        self._payload = 0
        self._keep_alive = True

    @property
    def serving(self) -> bool:
        """See ``Connection``."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def evictable(self) -> bool:
        """See ``Connection``."""
        return self.cycle is None or (self.waited > 0 and self.cycle.response_complete)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Register the connection, or reject it."""
        super().connection_made(transport)
        if self.open_connections.add(self):
            self.expect_first_request()
        else:
            self._reject(TOO_MANY_CONNECTIONS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.end_first_request()
        self.open_connections.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse input. A large piece is parsed in slices, so that no head of its size is parsed at once."""
        size = 2 * self.limits.head
        if len(data) <= size:
            self._parse(data)
            return
        for start in range(0, len(data), size):
            self._parse(data[start : start + size])

    def _parse(self, data: bytes) -> None:
        if self.ending:
            self.discard_input(len(data))
            return
        cycle, phase = self.cycle, self._phase
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
        except httptools.HttpParserError:
            self._reject(self._rejection or MALFORMED)
        else:
            if self._phase or self.cycle is cycle:
                self._check_incomplete(len(data), new=phase is Phase.BODY or self.cycle is not cycle)
        if self._starting is not None:
            starting, self._starting = self._starting, None
            self._start(starting)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._starting = cycle, app

    def _start(self, request: Request) -> None:
        if self.unused:
            self.end_first_request()
        self._active = request[0]
        super()._start_asgi_task(*request)

    def on_message_begin(self) -> None:
        """See httptools."""
        super().on_message_begin()
        self._phase = Phase.HEAD

    def on_headers_complete(self) -> None:
        """See httptools. Raises ``RuntimeError`` for one request too many, which ends the parsing."""
        if len(self.pipeline) >= self.limits.pipelined:
            self._rejection = PIPELINED
            raise RuntimeError
        super().on_headers_complete()
        self._phase = Phase.BODY
        self._head_bytes = 0
        self._payload = 0
        self._body_checked = False
        if not self.parser.should_upgrade():
            # The scope has the list. Trailers, which httptools reports as headers, must not extend it.
            self.headers = []

    def on_body(self, body: bytes) -> None:
        """See httptools."""
        self._payload += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """See httptools."""
        self._phase = Phase.WAITING
        cycle = self.cycle
        if self._body_checked and not cycle.response_started:
            cycle.keep_alive = self._keep_alive
            cycle.transport = self.transport
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Start the next request, or wait for it without a timer of its own: see ``on_second``."""
        self.server_state.total_requests += 1
        if self.lingering or self.transport.is_closing():
            return
        self.waited = 0
        self.open_connections.record_use(self)
        self.flow.resume_reading()
        if self.pipeline:
            self._start(self.pipeline.pop())

    def shutdown(self) -> None:
        """See uvicorn."""
        self._keep_alive = False
        super().shutdown()

    def on_second(self) -> None:
        """Close the connection if it has waited too long. See ``Connection``."""
        self.end_first_request()
        if self.count_second() >= self.limits.unread_timeout:
            # Nothing else ends a stream that nobody reads.
            self.transport.abort()
        elif self.lingering:
            self.waited += 1
            if self.waited >= self.limits.linger_timeout:
                self.transport.abort()
        elif not self.serving:
            # While it serves, the application limits the time for the body and for the response.
            self.waited += 1
            self._limit_wait()

    def _limit_wait(self) -> None:
        if self._phase is Phase.WAITING and self.cycle is not None:
            if self.waited >= self.limits.idle_timeout:
                self.transport.close()
        elif self.waited >= self.limits.head_timeout:
            self._reject(TIMEOUTS[self._phase])

    def evict(self) -> None:
        """See ``Connection``."""
        if self._head_bytes or self.lingering:
            self.open_connections.reject(TOO_MANY_CONNECTIONS)
            self.transport.abort()
        else:
            self.transport.close()

    def _check_incomplete(self, size: int, *, new: bool) -> None:
        """Check a message that is incomplete after ``size`` bytes, in which it may have begun after another one."""
        if self._phase is Phase.BODY:
            self._check_body(size)
            return
        if new:
            # The rest of the input belongs to an earlier message.
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers) + 1
        if not self._head_bytes:
            self.waited = 0
        self._head_bytes += size
        if self._head_bytes > self.limits.head:
            self._reject(HEAD_TOO_LARGE)

    def _check_body(self, size: int) -> None:
        if not self._body_checked:
            self._begin_body_checks()
            return
        self._received += size
        if self._chunked and self.limits.framing_exceeded(self._received, self._payload):
            self._reject(FRAMING_TOO_LARGE)

    def _begin_body_checks(self) -> None:
        self._body_checked = True
        if not self.serving:
            return
        self._received = self._payload
        length = next((int(value) for name, value in self.scope["headers"] if name == b"content-length"), None)
        self._chunked = length is None
        cycle = self.cycle
        self._keep_alive = cycle.keep_alive
        if length is None or length - self._payload > self.limits.drained:
            # A response before the end of this body closes the connection; `on_message_complete` undoes it.
            cycle.keep_alive = False
            cycle.transport = cast("asyncio.Transport", LingeringTransport(self))

    def _upgrade(self) -> None:
        if self.serving or not self._should_upgrade():
            # After an upgrade that is ignored, httptools parses no further request.
            self._end()
            return
        if (rejection := invalid_handshake(self.scope["method"], self.url, self.headers)) is not None:
            self._reject(rejection)
            return
        self.end_first_request()
        self.open_connections.discard(self)
        self.handle_websocket_upgrade()

    def _reject(self, rejection: Rejection) -> None:
        """Send the response of a rejection unless another response is due, and close the connection."""
        response = self.open_connections.reject(rejection)
        if self._phase is Phase.BODY:
            response = self._abandon_body(response)
        if self.serving:
            self._end()
        elif response:
            self.transport.write(response)
            self.linger()
        else:
            self.transport.close()

    def _abandon_body(self, response: bytes) -> bytes:
        """Drop the last request, whose body is rejected. Returns the response, or nothing if it has one already."""
        cycle = self.cycle
        if self.pipeline:
            self.pipeline.popleft()
            self.cycle = self.pipeline[0][0] if self.pipeline else cast("RequestResponseCycle", self._active)
            return response
        started, self._starting = cycle.response_started, None
        # The application sees a client that disconnected; its messages are dropped.
        cycle.disconnected = cycle.response_complete = True
        cycle.message_event.set()
        return b"" if started else response

    def _end(self) -> None:
        """Ignore further input, and close the connection after the last response."""
        self.ending = True
        cycle = self.pipeline[0][0] if self.pipeline else self.cycle
        cycle.keep_alive = False
        cycle.transport = cast("asyncio.Transport", LingeringTransport(self))
        self.flow.pause_reading()
