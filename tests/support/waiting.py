"""Wait for a condition, with a time limit."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], seconds: float, report: Callable[[], object] = str) -> None:
    """Return when ``condition()`` is true; raise ``AssertionError`` with ``report()`` after this many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not ready after {seconds} s: {report()}")
        time.sleep(0.02)
