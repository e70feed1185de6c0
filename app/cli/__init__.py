"""The ``strata`` command."""

import gc
import signal


def main() -> None:
    """Run the command line."""
    # Imports take a second, during which there is nothing to clean up. A KeyboardInterrupt would show a traceback, or
    # be lost: one of the imported libraries swallows every exception. `run` restores the handler.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # They create a million objects that stay until the end: looking for garbage among them takes a fifth of the time.
    gc.disable()
    from app.cli.program import main as run  # noqa: PLC0415 - imported after the signal handler is set

    run()
