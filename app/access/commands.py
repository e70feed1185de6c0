"""Input of the use cases of API keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.access.keys import Mode
from app.access.principal import Plan


@dataclass(frozen=True, slots=True)
class KeyDraft:
    """An API key to create. ``lifetime`` None: valid until it is revoked."""

    user_id: int
    name: str
    scopes: Sequence[str]
    mode: Mode = "test"
    plan: Plan = Plan.FREE
    lifetime: timedelta | None = None
