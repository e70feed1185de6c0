"""Events of sessions in v2."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from app.events.stored import StoredEvent
from versions.kit.events import EventType
from versions.kit.typeid import encode
from versions.v2.ids import SESSION, USER, known


class SessionEventData(BaseModel):
    """What each event of a session contains."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the session.", examples=["ses_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    user_id: str = Field(description="The id of its user.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])


class SessionStartedData(SessionEventData):
    """A user signed in."""


class SessionRevokedData(SessionEventData):
    """A session was revoked."""

    reason: str = Field(
        description=(
            "Why: `logout`, `token_reuse`, `password_changed`, `password_reset`, `address_proved` (the owner of the "
            "address signed in with a provider for the first time), `user_deactivated` or `user_deleted`. There will "
            "be others: ignore those that you do not know."
        ),
        examples=["logout"],
    )


def _session(event: StoredEvent) -> dict[str, Any]:
    return {"id": encode(SESSION, event.subject_uid), "user_id": encode(USER, known(event.owner_uid))}


def _revoked(event: StoredEvent) -> Mapping[str, Any]:
    return {**_session(event), "reason": event.payload["reason"]}


EVENTS: Final = (
    EventType("session.started", SessionStartedData, _session),
    EventType("session.revoked", SessionRevokedData, _revoked),
)
