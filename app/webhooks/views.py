"""Output of the webhooks feature."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from app.kit.db.sessions import Row
from app.models import WebhookEndpoint

State = Literal["active", "disabled"]
BY_OWNER: Final = "by_owner"
"""The reason of an endpoint that its owner has disabled."""
GONE: Final = "gone"
"""The reason of an endpoint whose receiver has responded with 410."""
FAILING: Final = "failing"
"""The reason of an endpoint that received nothing during all attempts of a delivery."""

REPORTED: Final = 4
"""The failed attempts in a row after which an endpoint counts as failing, and its owner is notified."""


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint without its secrets. ``failures`` are the failed attempts since the last success."""

    id: int
    uid: UUID
    owner_uid: UUID
    url: str
    events: Sequence[str]
    description: str
    api_version: str
    state: State
    disabled_reason: str | None
    disabled_at: datetime | None
    created_at: datetime
    failures: int
    first_failure_at: datetime | None
    last_success_at: datetime | None

    @classmethod
    def from_row(cls, row: Row) -> "EndpointView":
        """Build the view from a row with a column for each field."""
        return cls(**{each.name: row[each.name] for each in fields(cls)})

    @classmethod
    def from_entity(cls, endpoint: WebhookEndpoint) -> "EndpointView":
        """Build the view from a stored endpoint."""
        values: dict[str, Any] = {each.name: getattr(endpoint, each.name) for each in fields(cls)}
        return cls(**values)


@dataclass(frozen=True, slots=True)
class OwnedUrl:
    """The URL of an endpoint, and the address of its owner."""

    url: str
    email: str


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A secret as it is stored."""

    uid: UUID
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt that this worker makes; ``attempt`` is its number, and ``run`` its fence."""

    id: int
    endpoint_id: int
    event_id: int
    api_version: str
    attempt: int
    run: UUID
    created_at: datetime
    url: str
    retired: bool
    """Whether the version was retired by a command."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request to an endpoint: a status, or the reason why there is none."""

    duration_ms: int
    status: int | None = None
    error: str | None = None
    excerpt: str | None = field(default=None, repr=False)
    retry_after: str | None = None

    @property
    def succeeded(self) -> bool:
        """Everything but 2xx is a failure, redirects included."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - the class of success


@dataclass(frozen=True, slots=True)
class TestSend:
    """What was signed and sent, so that a receiver can compare it with what it verified."""

    __test__ = False  # no test class
    webhook_id: str
    timestamp: int
    body_length: int
    body_sha256: str
    outcome: Outcome
