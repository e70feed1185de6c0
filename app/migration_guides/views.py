"""Output of the feature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from app.kit.db.sessions import Row


@dataclass(frozen=True, slots=True)
class Transition:
    """The end of a version, and the version to use instead."""

    version: str
    successor: str
    ends_on: date
    """The day of the sunset, in UTC."""

    @property
    def pair(self) -> str:
        """The name of the guide."""
        return f"{self.version}-to-{self.successor}"


@dataclass(frozen=True, slots=True)
class UsedOperation:
    """An operation of the old version whose use a section is about."""

    name: str
    """``GET /posts``."""
    requests: int
    last_seen: datetime
    elements: tuple[str, ...]
    """The parameters and members with a change that were sent, by the names in the contract."""


@dataclass(frozen=True, slots=True)
class PersonalSection:
    """A section of the guide that the user's requests or webhooks touch."""

    anchor: str
    requests: int
    last_seen: datetime | None
    """None for webhooks, whose deliveries are not requests."""
    operations: tuple[UsedOperation, ...]
    events: tuple[str, ...]
    keys: tuple[str, ...]
    """The API keys of these requests, by name and first characters."""


@dataclass(frozen=True, slots=True)
class PersonalGuide:
    """The sections for one user, those with the most requests first."""

    transition: Transition
    since: date
    until: date
    requests: int
    last_seen: datetime | None
    keys: tuple[str, ...]
    sections: tuple[PersonalSection, ...]

    def to_json(self) -> dict[str, Any]:
        """The guide as a table stores it."""
        found: dict[str, Any] = _ADAPTER.dump_python(self, mode="json")
        return found

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "PersonalGuide":
        """The guide from ``to_json``. Raises ``pydantic.ValidationError``."""
        return _ADAPTER.validate_python(content)


_ADAPTER: Final = TypeAdapter(PersonalGuide)


@dataclass(frozen=True, slots=True)
class Recipient:
    """A user who depends on a version. ``notified_at``: the last mail about the same end."""

    user_id: int
    user_uid: UUID
    email: str
    is_active: bool
    is_verified: bool
    requests: int
    last_seen: datetime | None
    notified_at: datetime | None

    @classmethod
    def from_row(cls, row: Row) -> "Recipient":
        """Build the view from a row with a column for each field."""
        return cls(
            user_id=row["user_id"],
            user_uid=row["user_uid"],
            email=row["email"],
            is_active=row["is_active"],
            is_verified=row["is_verified"],
            requests=int(row["requests"]),
            last_seen=row["last_seen"],
            notified_at=row["notified_at"],
        )


@dataclass(frozen=True, slots=True)
class ElementUsage:
    """How often an element was sent, of how many requests or objects around it."""

    present: int
    possible: int
    undeclared: bool
    """Whether it contained names that the contract does not declare."""


@dataclass(frozen=True, slots=True)
class OperationUsage:
    """The use of one operation by a user. ``elements`` is empty if no request was observed."""

    requests: int
    last_seen: datetime
    consumers: tuple[str, ...]
    observed: int
    elements: Mapping[str, ElementUsage]


@dataclass(frozen=True, slots=True)
class UserUsage:
    """What a user uses of one version. ``webhooks``: the types of the events of each endpoint; empty means all."""

    operations: Mapping[str, OperationUsage]
    """By operation id."""
    webhooks: Sequence[Sequence[str]]
    keys: Mapping[str, str]
    """The label of each key by consumer."""
