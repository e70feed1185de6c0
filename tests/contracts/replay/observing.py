"""Summarises recorded requests in this process, as a server does in its thread."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from contracts.compat.impact.evidence import UsageEvidence, hash_name
from observability.conformance.exchange import BodyBuffer
from observability.evidence.extraction import Extractor
from observability.evidence.request import SampledRequest, Summaries
from observability.evidence.summaries import merge_summaries
from tests.contracts.replay.recording import Recorded
from tests.contracts.replay.verdicts import document

KEY = b"a key"
NOW = datetime(2026, 11, 29, tzinfo=UTC)


class Observer:
    """Collects the evidence of requests, of which some are summarised."""

    def __init__(self) -> None:
        self._extractors: dict[str, Extractor] = {}
        self._operations: dict[tuple[str, str, str], dict[str, Any]] = {}

    def count(self, request: Recorded, times: int = 1) -> None:
        """Count requests, whether summarised or not."""
        self._operation(request)["requests"] += times

    def observe(self, request: Recorded, *, random: bool) -> None:
        """Summarise a request."""
        found = self._extractor(request.version).summaries(_sampled(request, random=random))
        assert found is not None
        assert found[1], "it was accepted"
        operation = self._operation(request)
        operation["observed"] += 1
        operation["random"] += random
        elements: Summaries = operation["elements"]
        merge_summaries(elements, found[0])

    def evidence(self) -> UsageEvidence:
        """The evidence so far."""
        consumers = defaultdict(list)
        for (consumer, _, _), operation in self._operations.items():
            consumers[consumer].append(operation)
        return UsageEvidence.from_json(
            {
                "format": "strata-usage/1",
                "since": "2026-11-28",
                "until": "2026-11-29",
                "names_key": KEY.hex(),
                "consumers": [
                    {"consumer": name or None, "operations": used, "subscriptions": []}
                    for name, used in consumers.items()
                ],
            }
        )

    def _operation(self, request: Recorded) -> dict[str, Any]:
        key = request.consumer, request.version, request.template
        empty = {"requests": 0, "last_seen": NOW.isoformat(), "observed": 0, "random": 0, "elements": {}}
        name = f"{request.method} {request.template}"
        return self._operations.setdefault((*key[:2], name), {"version": key[1], "operation": name, **empty})

    def _extractor(self, version: str) -> Extractor:
        if version not in self._extractors:
            self._extractors[version] = Extractor(
                document(version), lambda name: hash_name(KEY, name), selections=("fields",), inclusions=("include",)
            )
        return self._extractors[version]


def evidence_of(requests: Iterable[Recorded]) -> UsageEvidence:
    """The evidence of requests that are all observed."""
    observer = Observer()
    for one in requests:
        observer.count(one)
        observer.observe(one, random=True)
    return observer.evidence()


def _sampled(request: Recorded, *, random: bool) -> SampledRequest:
    content, body = request.content(), None
    if content is not None:
        body = BodyBuffer(len(content))
        body.add(content, more=False)
    return SampledRequest(
        version=request.version,
        operation=request.template,
        consumer=request.consumer or None,
        route=f"/api/{request.version}{request.template}",
        method=request.method,
        path=request.path.removeprefix(f"/api/{request.version}"),
        query=urlencode(request.query).encode(),
        headers=[(name.lower().encode(), value.encode()) for name, value in request.headers],
        body=body,
        status=200,
        permissions=request.scopes,
        random=random,
        ended_at=NOW,
    )
