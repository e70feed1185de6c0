"""Events of identities in v2."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from app.events.stored import StoredEvent
from app.identities.commands import LinkReason
from versions.kit.events import EventType
from versions.kit.typeid import encode
from versions.v2.ids import IDENTITY, USER, known

_USER_ID: Final = Field(description="The id of the user.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])
_PROVIDER: Final = Field(description="The name of the provider.", examples=["github"])


class IdentityEventData(BaseModel):
    """What events of an identity contain."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the identity.", examples=["idn_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    user_id: str = _USER_ID
    provider: str = _PROVIDER


class IdentityLinkedData(IdentityEventData):
    """A user can sign in with the identity from now on."""

    reason: LinkReason = Field(description="The rule that allowed it.", examples=["requested"])


class IdentityUnlinkedData(IdentityEventData):
    """The identity does not sign its user in any more."""


class IdentityConfirmationRequestedData(BaseModel):
    """Somebody signed in at a provider with the address of a user, who has to confirm the identity."""

    model_config = ConfigDict(extra="forbid")

    user_id: str = _USER_ID
    provider: str = _PROVIDER


def _user(event: StoredEvent) -> dict[str, Any]:
    return {"user_id": encode(USER, known(event.owner_uid)), "provider": event.payload["provider"]}


def _identity(event: StoredEvent) -> dict[str, Any]:
    return {"id": encode(IDENTITY, event.subject_uid), **_user(event)}


def _linked(event: StoredEvent) -> Mapping[str, Any]:
    return {**_identity(event), "reason": LinkReason(event.payload["reason"])}


EVENTS: Final = (
    EventType("identity.linked", IdentityLinkedData, _linked),
    EventType("identity.unlinked", IdentityUnlinkedData, _identity),
    EventType("identity.confirmation_requested", IdentityConfirmationRequestedData, _user),
)
