"""Summarises sampled requests in a background thread."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
import structlog

from observability.concurrency.background_queue import PAUSE_SECONDS, BackgroundQueue
from observability.evidence.request import EvidenceCounts, EvidenceSink, HashName, Names, Observation, SampledRequest

if TYPE_CHECKING:
    from observability.evidence.extraction import Extractor

_LOG: Final = structlog.get_logger()
_WAKE_AT: Final = 32


class EvidenceCollector:
    """Queues requests and summarises them. ``submit`` never blocks and never raises; dropped requests are counted.

    The thread reads a contract when the first request of its version arrives.
    """

    def __init__(
        self,
        contracts: Mapping[str, Path],
        sink: EvidenceSink,
        counts: EvidenceCounts,
        hash_name: HashName,
        *,
        waiting: int,
        selections: Names = (),
        inclusions: Names = (),
        pause: float = PAUSE_SECONDS,
    ) -> None:
        self.contracts = contracts
        """The frozen document of each version with evidence."""
        self._sink = sink
        self._counts = counts
        self._hash_name = hash_name
        self._selections = selections
        self._inclusions = inclusions
        self._extractors: dict[str, Extractor] = {}
        self._queue: BackgroundQueue[SampledRequest] = BackgroundQueue(
            self._summarise, name="usage-evidence", size=waiting, batch=1, wake_at=_WAKE_AT, pause=pause
        )

    def start(self) -> None:
        """Start the thread. Requests submitted before wait for it."""
        self._queue.start()

    def submit(self, request: SampledRequest) -> None:
        """Queue a request, or drop it when too many wait."""
        if (reason := self._queue.submit(request)) is not None:
            self._counts.count_dropped(reason)

    @property
    def waiting(self) -> int:
        """The requests that are not summarised yet."""
        return self._queue.waiting

    def close(self, seconds: float | None = None) -> None:
        """Summarise what waits and stop, within a second by default. Blocks: not for an event loop."""
        for _ in self._queue.close(seconds=seconds):
            self._counts.count_dropped("shutdown")

    def _summarise(self, requests: list[SampledRequest]) -> bool:
        # Imported here so that a worker does not load the libraries of contracts at start.
        from observability.evidence.extraction import Unreadable  # noqa: PLC0415 - see above
        from observability.evidence.values import TooLarge  # noqa: PLC0415 - the same

        (request,) = requests
        reason = ""
        try:
            found = self._extractor(request.version).summaries(request)
            if found is not None:
                summaries, accepted = found
                self._sink.add(Observation(request, accepted, summaries))
                self._counts.count_sampled(random=request.random)
        except Unreadable:
            reason = "unreadable"
        except TooLarge:
            reason = "too_large"
        except Exception as error:  # noqa: BLE001 - any failure costs one sample
            # Neither the message nor the traceback: they can contain values of the request.
            _LOG.error("usage_evidence_failed", error=type(error).__name__, operation=request.operation)
            reason = "failed"
        if reason:
            self._counts.count_dropped(reason)
        return True

    def _extractor(self, version: str) -> "Extractor":
        found = self._extractors.get(version)
        if found is None:
            from observability.evidence.extraction import Extractor  # noqa: PLC0415 - as above

            document = orjson.loads(self.contracts[version].read_bytes())
            found = self._extractors[version] = Extractor(
                document, self._hash_name, selections=self._selections, inclusions=self._inclusions
            )
        return found
