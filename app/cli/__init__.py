"""The ``strata`` command."""

from app.cli.program import main

__all__ = ["main"]
