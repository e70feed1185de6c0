"""Worker processes of ``strata serve --workers N`` that are forked from a process with the imported program."""

import multiprocessing
import signal
import threading
from collections.abc import Callable, Mapping
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from typing import Any

from uvicorn import _subprocess


def fork_workers() -> None:
    """From now on, and in the children of this process, uvicorn forks its worker processes where it can."""
    _subprocess.spawn = _Workers()


class _Workers(SpawnContext):
    """Creates a worker process. One that has threads starts the interpreter anew: a fork has only one of them."""

    def Process(self, *, target: Callable[..., None], kwargs: Mapping[str, Any]) -> BaseProcess:  # type: ignore[override]  # noqa: N802 - the name in multiprocessing
        if threading.active_count() > 1:
            return super().Process(target=target, kwargs=dict(kwargs))
        return multiprocessing.get_context("fork").Process(target=_start, args=(target,), kwargs=dict(kwargs))


def _start(begin: Callable[..., None], /, **arguments: Any) -> None:
    """Begin with the signal handlers of a new process, not with those of the supervisor."""
    for number in signal.Signals:
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    begin(**arguments)
