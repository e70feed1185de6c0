"""Input of the webhooks feature."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.kit.unset import UNSET, Unset
from app.webhooks.delivery_views import DeliveryStatus

EndpointRef = int | UUID
"""Refers to an endpoint by the sequential id or by the uid."""


@dataclass(frozen=True, slots=True)
class EndpointDraft:
    """An endpoint to create. ``known`` are the types of events of its version; without ``events``, it receives all."""

    url: str
    events: Sequence[str]
    api_version: str
    known: Collection[str]
    description: str = ""


@dataclass(frozen=True, slots=True)
class EndpointEdit:
    """The fields to change. ``active`` starts deliveries again, or stops them."""

    known: Collection[str]
    url: str | Unset = UNSET
    events: Sequence[str] | Unset = UNSET
    description: str | Unset = UNSET
    api_version: str | Unset = UNSET
    active: bool | Unset = UNSET


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries of an endpoint to list. ``after`` is the uid of the last event that the caller has."""

    types: Sequence[str] | None = None
    status: DeliveryStatus | None = None
    after: UUID | None = None

    def given(self) -> dict[str, Any]:
        """The conditions by name."""
        wanted = {"types": None if self.types is None else list(self.types), "status": self.status}
        return {name: value for name, value in wanted.items() if value is not None}
