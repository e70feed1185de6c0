"""How often a process looks for garbage whose imported and built objects stay until its end."""

import gc
from typing import Final

_GC_THRESHOLD: Final = 50_000
"""gc threshold. One in-flight request holds hundreds of objects, so CPython's 700 is reached by two or three."""


def collect_rarely() -> None:
    """Freeze all present objects, which are then never freed, and let the collector run rarely."""
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD)
