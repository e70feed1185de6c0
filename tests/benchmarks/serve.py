"""Serves one variant as ``strata serve`` does: ``python -m tests.benchmarks.serve module:factory port``.

How its garbage is collected is the variant's own affair, as it is the product's.
"""

import sys

import uvicorn

from app.cli.kit import parent_pipe


def main() -> None:
    """One worker on loopback, with the options of the product's own server."""
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
