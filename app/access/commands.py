"""Input of the use cases of API keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.access.keys import Mode
from app.kit.unset import UNSET, Unset


@dataclass(frozen=True, slots=True)
class KeyDraft:
    """An API key to create. ``plan`` None: the default plan, ``expires_at`` None: valid until it is revoked."""

    user_id: int
    name: str
    scopes: Sequence[str]
    mode: Mode = "live"
    plan: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OwnKeyDraft:
    """An API key that the caller creates for itself. ``expires_at`` None: valid until it is revoked."""

    name: str
    scopes: Sequence[str]
    mode: Mode
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyEdit:
    """Changes of an API key. ``early_brownout_until`` None ends a brownout."""

    name: str | Unset = UNSET
    early_brownout_until: datetime | Unset | None = UNSET
