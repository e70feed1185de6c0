"""A sampled request, and what its summary contains."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from observability.conformance.exchange import BodyBuffer, Headers

Summaries = dict[str, dict[str, Any]]
"""The summary of each element, as ``usage.json`` has it."""
Names = Sequence[str]
HashName = Callable[[str], str]
"""The keyed hash of a name that the contract does not declare."""


class SampledRequest(NamedTuple):
    """The input of a summary. The body is a reference to the transmitted chunks, not a copy; ``None`` without one."""

    version: str
    operation: str
    """The operation id."""
    consumer: str | None
    route: str
    """The full template: ``/api/vN/posts/{post_id}``."""
    method: str
    path: str
    query: bytes
    headers: Headers
    body: BodyBuffer | None
    status: int
    permissions: Collection[str]
    """What the caller may do, by names from the code."""
    random: bool
    """Whether the request is part of the random stratum."""
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Observation:
    """The summaries of one request. Those of a rejected one are its status alone."""

    request: SampledRequest
    accepted: bool
    summaries: Summaries


class EvidenceSink(Protocol):
    """Receives what was observed, in the thread that summarises."""

    def add(self, observation: Observation) -> None: ...


class EvidenceCounts(Protocol):
    """Counts samples by stratum, and dropped ones by reason."""

    def count_sampled(self, *, random: bool) -> None: ...

    def count_dropped(self, reason: str) -> None: ...
