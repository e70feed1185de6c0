"""The evidence of who uses a contract how: the format of `usage.json`, which contains no value and no free text."""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, Literal

from contracts.compat.impact.reading import NotUsage, Reader
from contracts.compat.impact.summary import COUNTS, COUNTS_BY_NAME, RANGES, TYPES, Summary

__all__ = ["ConsumerEvidence", "NotUsage", "OperationEvidence", "Subscription", "Summary", "UsageEvidence", "hash_name"]

FORMAT: Final = "strata-usage/1"
CHANNELS: Final = ("webhook", "stream")
_HASH_LENGTH: Final = 16
_STATUS: Final = "status:"


def hash_name(key: bytes, name: str) -> str:
    """The hash of the name of an undeclared member or parameter. Without the key nobody can test names."""
    return hmac.new(key, name.encode("utf-8", "surrogatepass"), sha256).hexdigest()[:_HASH_LENGTH]


@dataclass(frozen=True)
class OperationEvidence:
    """The use of one operation by one consumer. `operation` is the method and the path of the contract.

    `observed` counts the accepted requests that were summarised, `random` those of them in the random sample.
    """

    version: str
    operation: str
    requests: int
    last_seen: str = ""
    observed: int = 0
    random: int = 0
    elements: Mapping[str, Summary] = field(default_factory=dict)

    @cached_property
    def statuses(self) -> Mapping[str, int]:
        """The observed responses by status, also those to rejected requests."""
        found = ((name, one.present) for name, one in self.elements.items() if name.startswith(_STATUS))
        return {name.removeprefix(_STATUS): count for name, count in found}

    @cached_property
    def is_complete(self) -> bool:
        """Whether every request was observed, so that what was not seen did not occur."""
        return max(sum(self.statuses.values()), self.observed) >= self.requests

    def merged(self, other: "OperationEvidence") -> "OperationEvidence":
        """The use of the same operation in both periods."""
        names = {**self.elements, **other.elements}
        return replace(
            self,
            requests=self.requests + other.requests,
            last_seen=max(self.last_seen, other.last_seen),
            observed=self.observed + other.observed,
            random=self.random + other.random,
            elements={
                name: _NOTHING.merged(self.elements.get(name, _NOTHING)).merged(other.elements.get(name, _NOTHING))
                for name in names
            },
        )

    def to_json(self) -> dict[str, Any]:
        """The use in `usage.json`."""
        return {
            "version": self.version,
            "operation": self.operation,
            "requests": self.requests,
            "last_seen": self.last_seen,
            "observed": self.observed,
            "random": self.random,
            "elements": {name: self.elements[name].to_json() for name in sorted(self.elements)},
        }


_NOTHING: Final = Summary()


@dataclass(frozen=True, order=True, slots=True)
class Subscription:
    """An event whose payload a consumer receives as a version describes it."""

    version: str
    event: str
    channel: Literal["webhook", "stream"]

    def to_json(self) -> dict[str, Any]:
        """The subscription in `usage.json`."""
        return {"version": self.version, "event": self.event, "channel": self.channel}


@dataclass(frozen=True, slots=True)
class ConsumerEvidence:
    """All that one consumer uses. `consumer` is an opaque name; None stands for all anonymous callers together."""

    consumer: str | None
    operations: tuple[OperationEvidence, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()

    @property
    def requests(self) -> int:
        """The number of requests."""
        return sum(one.requests for one in self.operations)

    @property
    def versions(self) -> set[str]:
        """The versions that the consumer calls or whose events it receives."""
        return {one.version for one in self.operations} | {one.version for one in self.subscriptions}

    @property
    def last_seen(self) -> str:
        """The time of the last request, or an empty text."""
        return max((one.last_seen for one in self.operations), default="")

    def to_json(self) -> dict[str, Any]:
        """The consumer in `usage.json`."""
        return {
            "consumer": self.consumer,
            "operations": [one.to_json() for one in self.operations],
            "subscriptions": [one.to_json() for one in self.subscriptions],
        }


@dataclass(frozen=True, slots=True)
class UsageEvidence:
    """The evidence of a period. `contracts` has the SHA-256 of the document of each version that it refers to.

    `key` identifies the key of the hashes of names. `names_key` is that key in hexadecimal, if the names of a candidate
    may be compared with them.
    """

    since: str
    until: str
    consumers: tuple[ConsumerEvidence, ...] = ()
    contracts: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    names_key: str = ""

    @property
    def versions(self) -> set[str]:
        """The versions that the evidence is about."""
        return {version for one in self.consumers for version in one.versions} | self.contracts.keys()

    def hash_of(self, name: str) -> str | None:
        """The hash of a name of the candidate, or None if it cannot be compared."""
        return hash_name(bytes.fromhex(self.names_key), name) if self.names_key else None

    def to_json(self) -> dict[str, Any]:
        """The content of `usage.json`."""
        keys = {name: value for name, value in (("key", self.key), ("names_key", self.names_key)) if value}
        return {
            "format": FORMAT,
            "since": self.since,
            "until": self.until,
            "contracts": dict(self.contracts),
            **keys,
            "consumers": [one.to_json() for one in self.consumers],
        }

    @classmethod
    def from_json(cls, content: Any) -> "UsageEvidence":
        """Read the content of `usage.json`. Raises ``NotUsage``, which names the member that is wrong."""
        root = Reader(content, "")
        if root.text("format") != FORMAT:
            raise NotUsage(f'`format` must be "{FORMAT}", got {content["format"]!r}')
        root.only("format", "since", "until", "contracts", "key", "names_key", "consumers")
        consumers = tuple(_read_consumer(one) for one in root.objects("consumers"))
        names = [one.consumer for one in consumers]
        if len(set(names)) != len(names):
            raise NotUsage("`consumers` lists a consumer twice")
        return cls(
            since=root.text("since"),
            until=root.text("until"),
            consumers=consumers,
            contracts={name: root.at("contracts").text(name) for name in root.at("contracts").names},
            key=root.text("key", ""),
            names_key=root.hexadecimal("names_key"),
        )


def merge_operations(operations: Iterable[OperationEvidence]) -> tuple[OperationEvidence, ...]:
    """One entry for each version and operation, as from the rows of several days."""
    found: dict[tuple[str, str], OperationEvidence] = {}
    for one in operations:
        key = (one.version, one.operation)
        found[key] = found[key].merged(one) if key in found else one
    return tuple(found[key] for key in sorted(found))


def read_summary(reader: Reader) -> Summary:
    """Read a summary. Raises ``NotUsage``."""
    reader.only(*COUNTS, *COUNTS_BY_NAME, *RANGES)
    members: dict[str, Any] = {name: reader.count(name) for name in COUNTS}
    members |= {name: reader.counts(name) for name in COUNTS_BY_NAME}
    members |= {name: reader.range(name) for name in RANGES}
    found = Summary(**members)
    if not found.types.keys() <= set(TYPES):
        raise NotUsage(f"`{reader.pointer}/types` must have names among {', '.join(TYPES)}")
    if found.possible_random > found.possible or found.present_random > found.present:
        raise NotUsage(f"`{reader.pointer}` must not count more in the random sample than at all")
    return found


def _read_operation(reader: Reader) -> OperationEvidence:
    reader.only("version", "operation", "requests", "last_seen", "observed", "random", "elements")
    elements = reader.at("elements")
    return OperationEvidence(
        version=reader.text("version"),
        operation=reader.text("operation"),
        requests=reader.count("requests"),
        last_seen=reader.text("last_seen", ""),
        observed=reader.count("observed"),
        random=reader.count("random"),
        elements={name: read_summary(elements.at(name)) for name in elements.names},
    )


def _read_consumer(reader: Reader) -> ConsumerEvidence:
    reader.only("consumer", "operations", "subscriptions")
    return ConsumerEvidence(
        consumer=reader.text_or_null("consumer"),
        operations=merge_operations(_read_operation(one) for one in reader.objects("operations")),
        subscriptions=tuple(sorted(_read_subscription(one) for one in reader.objects("subscriptions"))),
    )


def _read_subscription(reader: Reader) -> Subscription:
    reader.only("version", "event", "channel")
    channel = reader.text("channel")
    if channel not in CHANNELS:
        raise NotUsage(f"`{reader.pointer}/channel` must be {' or '.join(CHANNELS)}, got {channel!r}")
    return Subscription(reader.text("version"), reader.text("event"), "webhook" if channel == CHANNELS[0] else "stream")
