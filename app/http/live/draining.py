"""Runs a function when the process is asked to stop, before the server waits for open responses."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def called_on_shutdown(act: Callable[[], None]) -> Iterator[None]:
    """Call ``act`` in the event loop at SIGTERM and SIGINT during the block, then the handler that was there before.

    uvicorn waits for open responses and only then ends the lifespan, so a stream would end at the timeout. It installs
    its handlers before the lifespan starts. Outside the main thread there are no signal handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    previous = {number: signal.getsignal(number) for number in _SIGNALS}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)
        handler: Any = previous[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    # A signal without a handler in Python keeps its effect: the process ends at once.
    chained = [number for number, handler in previous.items() if callable(handler)]
    for number in chained:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in chained:
            if signal.getsignal(number) is handle:
                signal.signal(number, previous[number])
