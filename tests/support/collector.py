"""An OTLP/HTTP collector that can reject, hang and die."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message

from tests.support.waiting import wait_until

OTLP_ENDPOINT = "STRATA_TRACING__ENDPOINT"
"""The variable that sets the collector's URL."""
Mode = Literal["ok", "refusing", "refusing_once", "unavailable", "hanging"]
KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
STATUS = {"ok": 200, "refusing": 400, "unavailable": 503}


@dataclass(frozen=True)
class Received:
    """A received span."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str
    error: bool
    attributes: dict[str, Any]
    events: list[tuple[str, dict[str, Any]]]
    resource: dict[str, Any]
    milliseconds: float
    ended_ns: int


class Collector:
    """Its ``mode`` may change at any time."""

    def __init__(self, port: int = 0) -> None:
        self.mode: Mode = "ok"
        self.spans: list[Received] = []
        self.requests = 0
        self.refused_at: float | None = None
        self._release = threading.Event()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                collector.requests += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                mode = collector.mode
                if mode == "refusing_once":
                    collector.mode, mode = "ok", "refusing"
                    collector.refused_at = time.time()
                if mode == "hanging":
                    collector._release.wait(30)
                    self.close_connection = True
                    return
                if mode == "ok":
                    assert self.path == "/v1/traces"
                    assert self.headers["Content-Type"] == "application/x-protobuf"
                    collector.spans += parse(gzip.decompress(body))
                self.send_response(STATUS[mode])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Log nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Ignore clients that disconnect."""

        self._server = Server(("127.0.0.1", port), Handler)
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close all connections and the listening socket."""
        self._release.set()
        self._server.shutdown()
        self._server.server_close()

    def wait(self, condition: Callable[["Collector"], Any], seconds: float = 60) -> list[Received]:
        """The spans, once ``condition`` is true."""
        wait_until(lambda: condition(self), seconds, lambda: [span.name for span in self.spans])
        return self.spans

    def has(self, trace_id: str) -> bool:
        """Whether a span of this trace was accepted."""
        return any(span.trace_id == trace_id for span in list(self.spans))

    def named(self, name: str) -> list[Received]:
        """The spans of this name."""
        return [span for span in self.spans if span.name == name]


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on the loopback while the block runs."""
    collector = Collector()
    try:
        yield collector
    finally:
        collector.close()


def parse(body: bytes) -> list[Received]:
    """Every span of an export request."""
    request = ExportTraceServiceRequest.FromString(body)
    return [
        _received(span, _plain(group.resource.attributes))
        for group in request.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]


def _received(span: Message, resource: dict[str, Any]) -> Received:
    return Received(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        name=span.name,
        kind=KINDS[span.kind],
        error=span.status.code == 2,
        attributes=_plain(span.attributes),
        events=[(event.name, _plain(event.attributes)) for event in span.events],
        resource=resource,
        milliseconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e6,
        ended_ns=span.end_time_unix_nano,
    )


def _plain(pairs: list[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    return getattr(value, value.WhichOneof("value"))
