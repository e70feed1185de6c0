"""The application in a process that does nothing but serve it: what each of uvicorn's workers makes."""

import gc
from typing import Final

from fastapi import FastAPI

from app.main import create_app

_COLLECT_AFTER: Final = 50_000
"""Objects made and not yet freed until cycles are looked for. A request holds some hundreds while it is under way, so
that Python's own 700 are passed by two or three at once, and every collection walks through all that wait."""


def create_served_app() -> FastAPI:
    """The application of the environment's settings. Raises what ``create_app`` raises.

    A read leaves no cycles: what it held is freed as it ends, and looking for cycles took a sixth of its time. A write
    leaves those few that SQLAlchemy makes, which are found in the end. What was imported and built stays for good, and
    is not looked at again.
    """
    app = create_app()
    collect_rarely()
    return app


def collect_rarely() -> None:
    """Tell the garbage collector that all objects so far are here to stay, and that most others will not.

    For a process of its own: whoever makes many applications in one would keep them all.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
