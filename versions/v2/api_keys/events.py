"""Events of API keys in v2."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.events.stored import StoredEvent
from versions.kit.events import EventType, uid
from versions.kit.typeid import encode
from versions.v2.ids import API_KEY, USER, known

KeyField = Literal["name", "early_brownout_until", "plan"]


class ApiKeyEventData(BaseModel):
    """What each event of an API key contains."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the API key.", examples=["key_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    user_id: str = Field(description="The id of its owner.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])


class ApiKeyCreatedData(ApiKeyEventData):
    """An API key was created, by its owner or an operator."""

    scopes: list[str] = Field(description="What the key may do.", examples=[["posts:read"]])


class ApiKeyRotatedData(ApiKeyEventData):
    """A successor replaced the key, which stays valid for the overlap."""

    successor_id: str = Field(description="The id of the new key.", examples=["key_01jwxq7c8gfq8sh1tbp9xqk3mb"])


class ApiKeyUpdatedData(ApiKeyEventData):
    """An API key was changed."""

    changed: list[KeyField] = Field(description="The names of the changed fields.", examples=[["name"]])


class ApiKeyRevokedData(ApiKeyEventData):
    """An API key was revoked, by its owner, an administrator or an operator."""


def _key(event: StoredEvent) -> dict[str, Any]:
    return {"id": encode(API_KEY, event.subject_uid), "user_id": encode(USER, known(event.owner_uid))}


def _created(event: StoredEvent) -> Mapping[str, Any]:
    return {**_key(event), "scopes": event.payload["scopes"]}


def _rotated(event: StoredEvent) -> Mapping[str, Any]:
    return {**_key(event), "successor_id": encode(API_KEY, uid(event, "successor"))}


def _updated(event: StoredEvent) -> Mapping[str, Any]:
    return {**_key(event), "changed": event.payload["changed"]}


EVENTS: Final = (
    EventType("api_key.created", ApiKeyCreatedData, _created),
    EventType("api_key.rotated", ApiKeyRotatedData, _rotated),
    EventType("api_key.updated", ApiKeyUpdatedData, _updated),
    EventType("api_key.revoked", ApiKeyRevokedData, _key),
)
