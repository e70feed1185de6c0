"""What happens to an event or a message that a version cannot render: it is logged, counted and skipped.

An error would stop the reader at that event: it would come again, for ever, and every later event would wait behind it.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Final, TypeVar

import structlog

from observability.metrics.metrics import Metrics

T = TypeVar("T")
_REMEMBERED: Final = 10_000
_LOG: Final = structlog.get_logger()


class RenderFailures:
    """Counts what each version could not render in this process. Each failure counts, and is logged, once."""

    def __init__(self, metrics: Metrics) -> None:
        self._failures = metrics.counter(
            "render_failures", "Events and messages that a version could not render, and skipped.", ("api_version",)
        )
        self._known: dict[tuple[str, Hashable], None] = {}

    def start_at_zero(self, versions: Iterable[str]) -> None:
        """Create the series of versions."""
        for version in versions:
            self._failures.labels(version)

    def rendered(self, api_version: str, key: Hashable, render: Callable[[], T]) -> T | None:
        """The result of ``render``; None after an error. ``key`` identifies what is rendered, in the log too."""
        try:
            return render()
        except Exception as error:  # noqa: BLE001 - later events must not wait for a defect of this one
            if (api_version, key) not in self._known:
                self._remember((api_version, key))
                self._failures.labels(api_version).inc()
                _LOG.error("not_rendered", api_version=api_version, key=str(key), exc_info=error)
            return None

    def _remember(self, failure: tuple[str, Hashable]) -> None:
        if len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[failure] = None
