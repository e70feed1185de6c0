"""The ``strata`` command."""

import sys
from typing import Final

_INTERRUPTED: Final = 130


def main() -> None:
    """Run the command line."""
    try:
        # Within the function: loading takes a second, in which Ctrl-C must not show a traceback.
        from app.cli.program import main as run  # noqa: PLC0415
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    run()
