"""Reads the evidence of consumers, with the days merged."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any, Final

from app.kit.clock import rfc3339
from app.kit.db.sessions import ReadSession, Row
from app.models.usage import ANONYMOUS
from app.usage.contracts import UsedContract
from app.usage.pseudonyms import Pseudonyms
from app.usage.queries import EvidenceQueries
from observability.evidence.request import Summaries
from observability.evidence.summaries import merge_summaries

_BATCH: Final = 50
_STREAM: Final = "streams.open"
_OWN_POSSIBLE: Final = ("query:", "path:", "header:", "cookie:", "body:")
_STATUS: Final = "status:"
Plain = dict[str, Any]


class EvidenceReader:
    """Reads evidence as ``usage.json`` has it, with the uids of the consumers.

    Names that were hashed with another key than that of ``hashes`` cannot be compared and count as dropped.
    """

    def __init__(self, reads: ReadSession, contracts: Mapping[str, UsedContract], hashes: Pseudonyms) -> None:
        self._queries = EvidenceQueries(reads)
        self._contracts = contracts
        self._key_id = hashes.key_id
        self.names_key: Final = hashes.names_key
        """The key of the hashes of undeclared names."""

    @property
    def digests(self) -> dict[str, str]:
        """The SHA-256 of the contract of each version."""
        return {name: contract.digest for name, contract in self._contracts.items()}

    async def count(self, since: date, until: date) -> int:
        """The number of consumers that ``consumers`` yields."""
        totals = await self._queries.totals(since, until)
        return len({*totals, *await self._queries.consumers(since, until), *await self._queries.endpoints()})

    async def consumers(self, since: date, until: date) -> AsyncIterator[Plain]:
        """Yield each consumer with requests on these days, both included."""
        totals = await self._queries.totals(since, until)
        endpoints = await self._queries.endpoints()
        for batch in _batches(sorted({*totals, *await self._queries.consumers(since, until), *endpoints})):
            rows = await self._queries.rows(batch, since, until)
            # There may be thousands of rows, and other requests are served meanwhile.
            for found in await asyncio.to_thread(self._merged, batch, totals, rows, endpoints):
                yield found

    def _merged(
        self,
        batch: Sequence[str],
        totals: Mapping[str, Sequence[Row]],
        rows: Mapping[str, Sequence[Row]],
        endpoints: Mapping[str, Sequence[Row]],
    ) -> list[Plain]:
        return [
            {
                "consumer": None if consumer == ANONYMOUS else consumer,
                "operations": self._operations(totals.get(consumer, ()), rows.get(consumer, ())),
                "subscriptions": self._subscriptions(endpoints.get(consumer, ()), totals.get(consumer, ())),
            }
            for consumer in batch
        ]

    async def operations(self, consumers: Sequence[str], since: date, until: date) -> list[Plain]:
        """The operations that some consumers used on these days, together, by version and name."""
        totals = await self._queries.totals_of(consumers, since, until)
        rows = await self._queries.rows(consumers, since, until)
        return await asyncio.to_thread(self._operations, chain(*totals.values()), chain(*rows.values()))

    def _operations(self, totals: Iterable[Row], rows: Iterable[Row]) -> list[Plain]:
        found: dict[tuple[str, str], Plain] = {}
        for total in totals:
            operation = self._operation(found, total["api_version"], total["operation"])
            if operation is not None:
                operation["requests"] += int(total["requests"])
                operation["last_seen"] = max(operation["last_seen"], rfc3339(total["last_seen"]))
        for row in rows:
            operation = self._operation(found, row["api_version"], row["operation"])
            if operation is not None:
                operation["observed"] += row["observed"]
                operation["random"] += row["random"]
                merge_summaries(operation["elements"], self._comparable(row))
        return [_completed(found[key]) for key in sorted(found)]

    def _operation(self, found: dict[tuple[str, str], Plain], version: str, operation: str) -> Plain | None:
        """The entry of an operation; None if the contract does not have it any more."""
        contract = self._contracts.get(version)
        if contract is None or operation not in contract.operations:
            return None
        return found.setdefault(
            (version, contract.operations[operation]),
            {
                "version": version,
                "operation": contract.operations[operation],
                "requests": 0,
                "last_seen": "",
                "observed": 0,
                "random": 0,
                "elements": {},
            },
        )

    def _comparable(self, row: Row) -> Summaries:
        elements: Summaries = row["elements"]
        if row["key_id"] != self._key_id:
            for summary in elements.values():
                if unknown := summary.pop("unknown", None):
                    summary["unknown_dropped"] = summary.get("unknown_dropped", 0) + sum(unknown.values())
        return elements

    def _subscriptions(self, endpoints: Iterable[Row], totals: Iterable[Row]) -> list[Plain]:
        found = {
            (row["api_version"], event, "webhook")
            for row in endpoints
            for event in row["events"] or self._events(row["api_version"])
        }
        found |= {
            (row["api_version"], event, "stream")
            for row in totals
            if row["operation"] == _STREAM
            for event in self._events(row["api_version"])
        }
        return [{"version": version, "event": event, "channel": channel} for version, event, channel in sorted(found)]

    def _events(self, version: str) -> Sequence[str]:
        return self._contracts[version].events if version in self._contracts else ()


def _completed(operation: Plain) -> Plain:
    """Add how often an element could be present that could be in every request."""
    elements: Summaries = operation["elements"]
    sampled = sum(summary["present"] for name, summary in elements.items() if name.startswith(_STATUS))
    operation["requests"] = max(operation["requests"], sampled)
    for name, summary in elements.items():
        if not name.startswith(_OWN_POSSIBLE):
            possible, random = (
                (sampled, 0) if name.startswith(_STATUS) else (operation["observed"], operation["random"])
            )
            summary["possible"] = max(possible, summary.get("possible", 0))
            summary["possible_random"] = max(
                random, summary.get("possible_random", 0), summary.get("present_random", 0)
            )
    return operation


def _batches(consumers: Sequence[str]) -> Iterable[Sequence[str]]:
    return (consumers[start : start + _BATCH] for start in range(0, len(consumers), _BATCH))
