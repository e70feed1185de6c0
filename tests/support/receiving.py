"""A receiver of webhooks in a thread, for tests whose processes are real."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def receiving(status: int, delay: float = 0.0) -> Iterator[tuple[str, list[str]]]:
    """A receiver that responds with a status after a delay; yields its URL and the ids of the messages it got."""
    ids: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            ids.append(self.headers["webhook-id"])
            time.sleep(delay)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", ids
    finally:
        server.shutdown()
        server.server_close()
