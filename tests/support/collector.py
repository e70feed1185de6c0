"""An OTLP/HTTP collector for tests: it keeps what it is sent, and refuses the first batch."""

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OTLP_ENDPOINT = "STRATA_TRACING__ENDPOINT"
"""The setting that a collector's URL goes into."""


class Collector:
    """Batches as they came: a trace id is 16 bytes in them, whatever stands around it."""

    def __init__(self) -> None:
        self.url = ""
        self.refused_at: float | None = None
        self._batches: list[bytes] = []

    def take(self, batch: bytes) -> int:
        """Refuse the first batch for good, so that there are dropped spans to be seen; accept the others."""
        if self.refused_at is None:
            self.refused_at = time.time()
            return 400
        self._batches.append(batch)
        return 200

    def has(self, trace_id: str) -> bool:
        """Whether a span of this trace was accepted."""
        wanted = bytes.fromhex(trace_id)
        return any(wanted in batch for batch in list(self._batches))


@contextmanager
def collecting() -> Iterator[Collector]:
    """Listen on the loopback until the block ends."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            self.send_response(collector.take(body))
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, name="collector", daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
