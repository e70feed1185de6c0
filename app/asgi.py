"""The ASGI application of a process that does nothing but serve it: what each uvicorn worker imports."""

import gc

from starlette.applications import Starlette

from app import main
from observability.concurrency.garbage import collect_rarely


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
    collect_rarely()
