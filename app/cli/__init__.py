"""The ``strata`` command."""

import signal


def main() -> None:
    """Run the command line."""
    # Loading takes a second, in which there is nothing to clean up. A KeyboardInterrupt would show a traceback, or be
    # lost: a library that is loaded here swallows every exception.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from app.cli.program import main as run  # noqa: PLC0415 - within the function for the above

    signal.signal(signal.SIGINT, signal.default_int_handler)
    run()
