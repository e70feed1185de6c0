"""The ASGI application of a process that does nothing but serve it: what each uvicorn worker imports."""

import gc
from typing import Final

from starlette.applications import Starlette

from app import main

_GC_THRESHOLD: Final = 50_000
"""gc threshold. One in-flight request holds hundreds of objects, so CPython's 700 is reached by two or three."""


def create_app() -> Starlette:
    """The application with the settings of the environment. Raises what ``app.main.create_app`` raises.

    A read leaves no reference cycles, and looking for them took a sixth of its time. A write leaves those few that
    SQLAlchemy creates; the collector finds them later. Imported and built objects are frozen, and not searched before.
    """
    gc.disable()
    try:
        app = main.create_app()
    finally:
        gc.enable()
    tune_garbage_collection()
    return app


def tune_garbage_collection() -> None:
    """Freeze all present objects, and let the collector run rarely.

    Only for a process with one application: frozen objects are never freed.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD)
