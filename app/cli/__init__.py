"""The ``strata`` command."""

import signal


def main() -> None:
    """Run the command line."""
    # Imports take a second, during which there is nothing to clean up. A KeyboardInterrupt would show a traceback, or
    # be lost: one of the imported libraries swallows every exception. `run` restores the handler after its imports.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from app.cli.program import main as run  # noqa: PLC0415 - imported after the signal handler is set

    run()
