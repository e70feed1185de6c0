"""Serves one variant as ``strata serve`` does: ``python -m tests.benchmarks.serve module:factory port``.

Each variant configures garbage collection itself, as the product does.
"""

import sys

import uvicorn

from app.cli.kit import parent_pipe


def main() -> None:
    """Serve with one worker on loopback, with the options of ``strata serve``."""
    parent_pipe.exit_with_parent()
    factory, port = sys.argv[1:]
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
    )


if __name__ == "__main__":
    main()
