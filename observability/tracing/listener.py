"""Builds the server span of a request."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from functools import partial

from opentelemetry.trace import SpanKind
from starlette.types import Scope

from observability.requests.context import FAILED, RequestContext, Requests
from observability.tracing.attributes import server_attributes, server_span_name
from observability.tracing.recording import Recording
from observability.tracing.sampling import SERVER_ERROR
from observability.tracing.tracer import Tracing


class RequestTracing:
    """Records every HTTP request under the ids of its context, and exports those that the sampler selects.

    It is the first listener that is notified of the end, before log and metrics: they need the final sampling decision,
    for exemplars among others.
    """

    def __init__(
        self, *, tracing: Tracing, quiet_paths: AbstractSet[str], lifecycle: Callable[[str], str] | None = None
    ) -> None:
        self._lifecycle = lifecycle
        self._tracing = tracing
        self._sampler = tracing.sampler
        self._quiet_paths = quiet_paths

    def on_start(self, scope: Scope, context: RequestContext) -> None:
        """See ``RequestListener``."""
        sampled = scope["path"] not in self._quiet_paths and self._sampler.root(
            context.trace_id, context.span_id, context.parent_sampled
        )
        context.sampled = sampled
        context.notable = self._sampler.notable
        context.recording = Recording(context.trace_id, context.span_id, sampled=sampled)

    def on_end(self, requests: Requests) -> None:
        """See ``RequestListener``."""
        for scope, context in requests:
            status, recording = context.status or FAILED, context.recording
            if context.sampled or self._sampler.notable(status, context.duration):
                context.sampled = True
                if recording is not None and self._tracing.exporting:
                    self._keep(scope, context, recording, status)

    def _keep(self, scope: Scope, context: RequestContext, recording: Recording, status: int) -> None:
        error = None
        if status >= SERVER_ERROR:
            error = str(status) if recording.failure is None else type(recording.failure).__name__
        self._tracing.keep(
            recording,
            server_span_name(context),
            SpanKind.SERVER,
            parent_span_id=context.parent_span_id,
            ended=context.started + context.duration,
            duration=context.duration,
            attributes=partial(server_attributes, scope, context, status, error, self._lifecycle),
            error=error,
        )
