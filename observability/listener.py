"""Serves an ASGI application on a separate port, from a thread of the process."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

_STOP_SECONDS: Final = 3


@contextmanager
def serve_application(
    app: ASGIApp, host: str, port: int, protocol: type[asyncio.Protocol] | str = "auto"
) -> Iterator[None]:
    """Serve the application from a thread while the block runs. The caller checks before that the port is free.

    ``protocol`` is uvicorn's HTTP protocol, or a subclass of it.

    In the parent of several workers it responds even if no worker does.
    """
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=protocol,
            lifespan="on",
            loop="asyncio",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
    # uvicorn installs no signal handlers outside the main thread.
    thread = threading.Thread(target=server.run, name=f"listener-{port}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(_STOP_SECONDS)
