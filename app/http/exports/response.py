"""The response that streams an export."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.errors import DomainError
from app.exports.commands import MEDIA_TYPES, ExportFormat
from app.exports.reader import Export
from app.http.compression import compressor
from app.http.disconnects import until_disconnected
from app.http.exports.component import ExportComponent
from app.http.exports.negotiation import negotiated_coding
from app.http.negotiation import IDENTITY
from app.http.runtime import runtime_of
from app.http.state import state_of

_FLUSH_SECONDS: Final = 0.5
_LOG: Final = structlog.get_logger()
_PARAMETERS: Final = {ExportFormat.CSV: "; charset=utf-8; header=present"}


class ExportResponse(Response):
    """Streams an export in constant memory.

    An error before the first row is a response of its own. After it, the connection ends without the end of the body.
    The query ends when the client leaves.
    """

    def __init__(self, request: Request, export: Export, *, vary: str = "Accept, Accept-Encoding") -> None:
        form = export.form.format
        self._coding = negotiated_coding(request)
        headers = {
            "Content-Type": MEDIA_TYPES[form] + _PARAMETERS.get(form, ""),
            "Content-Disposition": f'attachment; filename="{export.name}.{form}"',
            "Vary": vary,
            "X-Accel-Buffering": "no",
        }
        if self._coding != IDENTITY:
            headers["Content-Encoding"] = self._coding
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._export = export

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI. Raises ``DomainError`` before the response starts."""
        if state_of(scope).without_body:
            await self._start(send)
            await send({"type": "http.response.body", "body": b""})
            return
        tasks = [asyncio.create_task(self._stream(scope, send)), asyncio.create_task(until_disconnected(receive))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        streamed = results[0]
        if isinstance(streamed, Exception):
            raise streamed

    async def _stream(self, scope: Scope, send: Send) -> None:
        started, runtime = False, runtime_of(scope)
        shared = runtime.get(ExportComponent)
        try:
            with shared.places.held(self._export.caller):
                async with self._export.opened(runtime.database.copies, shared.metrics) as chunks:
                    first = await anext(chunks)
                    started = True
                    await self._start(send)
                    await self._send_all(first, chunks, send)
        except DomainError as error:
            if not started:
                raise
            # A body without its end, which the server shows the client by closing the connection.
            _LOG.warning("export_cut", export=self._export.name, error=error.code)

    async def _start(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": self.raw_headers})

    async def _send_all(self, first: bytes, chunks: AsyncIterator[bytes], send: Send) -> None:
        clock, stream = asyncio.get_running_loop().time, compressor(self._coding)
        await _send(send, stream.compress(first) + stream.flush())
        sent_at = clock()
        async for chunk in chunks:
            data = stream.compress(chunk)
            if not data and clock() - sent_at >= _FLUSH_SECONDS:
                data = stream.flush()
            if data:
                await _send(send, data)
                sent_at = clock()
        await _send(send, stream.finish(), more=False)


async def _send(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})
