"""Schemas of API keys in v2."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from versions.kit.values import WHOLE, Moment, text
from versions.v2.users.schemas import PermissionName

Name = Annotated[
    str, text(min_length=1, max_length=100), Field(description="The purpose of the key.", examples=["Deployment"])
]
Mode = Literal["live", "test"]
Status = Literal["active", "rotated", "expired"]
WEEK = 604_800


class Scope(StrEnum):
    """A permission that an API key can have."""

    POSTS_READ = "posts:read"
    POSTS_WRITE = "posts:write"
    POSTS_MODERATE = "posts:moderate"
    POSTS_READ_ALL = "posts:read_all"
    PROFILE_READ = "profile:read"
    PROFILE_WRITE = "profile:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    USERS_DELETE = "users:delete"
    ROLES_WRITE = "roles:write"
    AUDIT_READ = "audit:read"
    USAGE_READ = "usage:read"
    IMPACT_READ = "impact:read"
    LEDGER_READ = "ledger:read"
    LEDGER_WRITE = "ledger:write"
    EVENTS_READ = "events:read"
    EVENTS_READ_ALL = "events:read_all"
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    MAIL_SEND = "mail:send"
    NOTIFICATIONS_READ = "notifications:read"
    NOTIFICATIONS_WRITE = "notifications:write"
    NOTIFICATIONS_SEND = "notifications:send"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    FILES_READ = "files:read"
    FILES_WRITE = "files:write"
    ROOMS_READ = "rooms:read"
    ROOMS_WRITE = "rooms:write"


class ApiKeyCreate(BaseModel):
    """An API key to create."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    scopes: list[Scope] = Field(
        description="The permissions of the key, each of which you have yourself.",
        min_length=1,
        max_length=len(Scope),
        examples=[["posts:read"]],
    )
    mode: Mode = Field(
        default="live",
        description="`test`: a key for trials, always on the plan `test` with lower limits. It cannot move money.",
        examples=["live"],
    )
    expires_at: Moment | None = Field(
        default=None,
        description="When the key expires; null: it is valid until it is revoked.",
        examples=["2036-11-23T12:00:00Z"],
    )


class ApiKeyPatch(BaseModel):
    """A merge patch: absent members stay unchanged."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(default_factory=str)
    early_brownout_until: Moment | None = Field(
        default_factory=lambda: None,
        description="Until then, at most 7 days, deprecated versions reject the key with 410; null ends that.",
        examples=[None],
    )


class Rotation(BaseModel):
    """How to replace a key."""

    model_config = ConfigDict(extra="forbid")

    overlap_seconds: Annotated[int, Field(strict=True, ge=0, le=WEEK), WHOLE] = Field(
        default=86_400,
        description="How long the replaced key stays valid, at most 7 days and until its own expiry.",
        examples=[3600],
    )


class ApiKey(BaseModel):
    """An API key without its secret."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the key.", examples=["key_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    user_id: str = Field(description="The id of the owner.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    name: str = Field(description="The purpose of the key.", examples=["Deployment"])
    hint: str = Field(description="The first characters of the key.", examples=["sk_live_AbCd"])
    mode: Mode = Field(description="`test`: the key cannot move money.", examples=["live"])
    scopes: list[PermissionName] = Field(
        description=(
            "The permissions of the key. A request has those of them that its owner still has. "
            "Features bring new ones: ignore those that you do not know."
        ),
        examples=[["posts:read"]],
    )
    plan: str = Field(description="The plan, which sets the rate limits: see `GET /rate-limit`.", examples=["free"])
    status: Status = Field(
        description="`rotated`: a successor replaces the key, which is valid until `expires_at`.", examples=["active"]
    )
    created_at: datetime = Field(description="When the key was created.", examples=["2026-11-23T12:00:00Z"])
    expires_at: datetime | None = Field(
        description="When the key expires; null: it is valid until it is revoked.", examples=["2036-11-23T12:00:00Z"]
    )
    rotated_at: datetime | None = Field(description="When a successor replaced the key.", examples=[None])
    last_used_at: datetime | None = Field(
        description="When the key was last used, about 10 seconds late; null: never.",
        examples=["2026-11-23T12:00:00Z"],
    )
    early_brownout_until: datetime | None = Field(
        description="Until when deprecated versions reject the key with 410.", examples=[None]
    )


class ApiKeyWithSecret(ApiKey):
    """An API key with its secret, which is shown only once."""

    key: str = Field(
        description="The secret, for the `X-API-Key` header. It cannot be shown again.",
        pattern=r"^sk_(?:live|test)_[0-9A-Za-z]{38}$",
        examples=["sk_test_A1b2C3d4A1b2C3d4A1b2C3d4A1b2C3d40am0Ae"],
    )
