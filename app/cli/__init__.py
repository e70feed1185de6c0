"""The ``strata`` command."""

import signal


def main() -> None:
    """Run the command line."""
    # Imports take a second, during which there is nothing to clean up. A KeyboardInterrupt would show a traceback, or
    # be lost: one of the imported libraries swallows every exception.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from app.cli.program import main as run  # noqa: PLC0415 - imported after the signal handler is set

    signal.signal(signal.SIGINT, signal.default_int_handler)
    run()
