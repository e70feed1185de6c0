"""Schemas of the audit trail in v2."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.audit.views import Outcome


class Reference(BaseModel):
    """An object, which may not exist any more."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(
        description="The kind of the object. Features bring new ones: ignore those that you do not know.",
        examples=["user"],
    )
    id: str = Field(description="The id of the object.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])


class AuditEvent(BaseModel):
    """A security-relevant act. It never changes."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the audit event.", examples=["aud_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    occurred_at: datetime = Field(description="When the act happened.", examples=["2026-11-23T12:00:00Z"])
    actor: Reference | None = Field(
        description="The user or the API key that acted; null for an operator of the server and an unknown caller."
    )
    on_behalf_of: str | None = Field(
        description="The id of the user who owns the API key that acted.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"]
    )
    action: str = Field(
        description="What was done, as kind and verb. Features bring new ones.", examples=["api_key.revoked"]
    )
    target: Reference | None = Field(description="The object that the act changed.")
    outcome: Outcome = Field(description="Whether the act took place or was rejected.", examples=["success"])
    address: str | None = Field(
        description="The IPv4 address or the IPv6 network of the client; null for an operator of the server.",
        examples=["192.0.2.7"],
    )
    request_id: str | None = Field(
        description="The `X-Request-ID` of the request.", examples=["01jwxq7c8gfq8sh1tbp9xqk3ma"]
    )
    detail: dict[str, Any] = Field(
        description="Facts about the act, such as the names of changed fields or the code of a rejection; no secrets.",
        examples=[{"changed": ["name"]}],
    )
