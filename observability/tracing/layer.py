"""The layer that makes the server span."""

from collections.abc import Set as AbstractSet
from time import perf_counter

from opentelemetry.trace import SpanKind
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observability.context import FAILED, RequestContext, current
from observability.tracing.attributes import server_attributes, server_span_name
from observability.tracing.recording import Recording, recorded
from observability.tracing.sampling import SERVER_ERROR
from observability.tracing.tracer import Tracing


class RequestTracing:
    """Records every HTTP request under the ids of its context, and keeps what the sampler wants kept.

    It stands inside of the log and the metrics: whether a trace is kept, which an exemplar depends on, is known when
    they observe.
    """

    def __init__(self, app: ASGIApp, *, tracing: Tracing, quiet_paths: AbstractSet[str]) -> None:
        self._app = app
        self._tracing = tracing
        self._sampler = tracing.sampler
        self._quiet_paths = quiet_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        context = current(scope)
        sampled = scope["path"] not in self._quiet_paths and self._sampler.root(
            context.trace_id, context.span_id, context.parent_sampled
        )
        context.sampled = sampled
        recording = Recording(context.trace_id, context.span_id, sampled=sampled)

        async def settle_head(message: Message) -> None:
            # What is sent back in ``traceresponse`` is to be true of errors as well.
            if message["type"] == "http.response.start":
                seconds = perf_counter() - context.started
                context.sampled = self._sampler.notable(message["status"], seconds)
            await send(message)

        try:
            with recorded(recording):
                await self._app(scope, receive, send if sampled else settle_head)
        finally:
            duration = context.finish(scope)
            status = context.status or FAILED
            if context.sampled or self._sampler.notable(status, duration):
                context.sampled = True
                self._keep(scope, context, recording, status, duration)

    def _keep(self, scope: Scope, context: RequestContext, recording: Recording, status: int, duration: float) -> None:
        if not self._tracing.exporting:
            return
        error = None
        if status >= SERVER_ERROR:
            error = str(status) if recording.failure is None else type(recording.failure).__name__
        self._tracing.keep(
            recording,
            server_span_name(scope, context),
            SpanKind.SERVER,
            parent_span_id=context.parent_span_id,
            duration=duration,
            attributes=server_attributes(scope, context, status, error),
            error=error,
        )
