"""Serves one variant as ``strata serve`` does: ``python -m tests.benchmarks.serve module:factory port [--limits]``.

Limits on connections are the default of uvicorn, which all variants share, or with ``--limits`` those of the product.

Each variant configures garbage collection itself, as the product does.
"""

import sys
from typing import Any

import uvicorn

from app.cli.kit import parent_pipe
from app.http.server import loop
from app.http.server.protocol import LimitedHttpProtocol
from app.settings.http import HttpSettings
from app.settings.loading import load_settings


def main() -> None:
    """Serve with one worker on loopback, with the options of ``strata serve``."""
    parent_pipe.exit_with_parent()
    factory, port, *flags = sys.argv[1:]
    limits: dict[str, Any] = {}
    if flags:
        backlog = load_settings()[HttpSettings].max_concurrent_requests
        limits = {"http": LimitedHttpProtocol, "loop": loop.FACTORY, "backlog": backlog}
    uvicorn.run(
        factory,
        factory=True,
        host="127.0.0.1",
        port=int(port),
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
        **limits,
    )


if __name__ == "__main__":
    main()
