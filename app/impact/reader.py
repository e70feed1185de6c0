"""Reads the evidence of usage, and the contacts of consumers."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import date
from typing import Any, Protocol

from app.access.queries import ConsumerQueries
from app.access.views import ConsumerView
from app.impact.commands import IdPrefixes
from app.impact.contacts import Contact
from app.kit.db.sessions import ReadSession
from app.kit.typeid import encode


class EvidenceSource(Protocol):
    """What the usage feature yields: the consumers of ``usage.json``, with their uids."""

    @property
    def names_key(self) -> bytes:
        """The key of the hashes of undeclared names."""

    @property
    def digests(self) -> Mapping[str, str]:
        """The SHA-256 of the contract of each version."""

    def consumers(self, since: date, until: date) -> AsyncIterator[dict[str, Any]]:
        """Yield each consumer with requests on these days, both included."""

    async def count(self, since: date, until: date) -> int:
        """The number of these consumers."""


class ImpactReader:
    """Reads what an analysis needs."""

    def __init__(self, reads: ReadSession, source: EvidenceSource) -> None:
        self._queries = ConsumerQueries(reads)
        self._source = source

    async def count(self, since: date, until: date) -> int:
        """The number of consumers with evidence of these days."""
        return await self._source.count(since, until)

    async def evidence(
        self, since: date, until: date, progress: Callable[[int], None] = lambda _: None
    ) -> dict[str, Any]:
        """The content of ``usage.json`` of these days. ``progress`` is called with the number of consumers so far."""
        consumers: list[dict[str, Any]] = []
        async for one in self._source.consumers(since, until):
            consumers.append(one)
            progress(len(consumers))
        return {
            "format": "strata-usage/1",
            "since": since.isoformat(),
            "until": until.isoformat(),
            "contracts": dict(self._source.digests),
            "names_key": self._source.names_key.hex(),
            "consumers": consumers,
        }

    async def contacts(self, consumers: Iterable[str | None], prefixes: IdPrefixes) -> Mapping[str | None, Contact]:
        """The contacts of consumers by uid, with ids of these prefixes. Those of deleted users are missing."""
        found = await self._queries.find(one for one in consumers if one is not None)
        return {uid: _contact(view, prefixes) for uid, view in found.items()}


def _contact(view: ConsumerView, prefixes: IdPrefixes) -> Contact:
    key = view.key
    if key is None:
        return Contact(view.email, view.email, id=encode(prefixes.user, view.uid))
    return Contact(
        f"{view.email} ({key.name}, {key.hint}...)",
        view.email,
        f'"{key.name}" ({key.hint}...)',
        key.plan,
        encode(prefixes.api_key, key.uid),
    )
