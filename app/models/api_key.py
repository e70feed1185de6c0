"""API keys."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, Text, cast, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, Timestamp


class ApiKey(Identified, Base):
    """An API key, stored as its SHA-256; ``hint`` is its beginning, by which its owner recognises it."""

    __tablename__ = "api_keys"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    hint: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]]
    plan: Mapped[str]
    created_at: Mapped[Timestamp]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    early_brownout_until: Mapped[datetime | None]
    """Until when deprecated versions reject this key, at the request of its owner."""
    family_uid: Mapped[UUID | None]
    """The uid of the first key, in the keys that rotation created from it; None in that first key."""
    rotated_at: Mapped[datetime | None]
    """When rotation replaced this key, which is valid until ``expires_at``."""


KEY_FAMILY: Final = func.coalesce(ApiKey.family_uid, ApiKey.uid)
"""The consumer of a key, which rotation does not change."""
KEY_CONSUMER: Final = cast(KEY_FAMILY, Text)
"""The same as the text that usage is recorded under."""
