"""One stored event of each type, as the recorder writes it."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Final
from uuid import UUID

from app.events.recorder import Event
from app.events.stored import StoredEvent
from app.kit.discovery import modules

SUBJECT, OWNER, OTHER, PAYER, PAYEE = (UUID(int=number) for number in range(1, 6))
_MONEY: Final = {"payer": str(PAYER), "payee": str(PAYEE), "amount": "12.50", "currency": "EUR"}
PAYLOADS: Final[Mapping[str, Mapping[str, Any]]] = {
    "account.opened": {"currency": "EUR"},
    "api_key.created": {"scopes": ["posts:read"]},
    "api_key.revoked": {},
    "api_key.rotated": {"successor": str(OTHER)},
    "api_key.updated": {"changed": ["name"]},
    "file.deleted": {},
    "file.uploaded": {"name": "layers.pdf", "content_type": "application/pdf", "size": 48211},
    "hold.created": _MONEY,
    "hold.resolved": {"outcome": "captured"},
    "identity.confirmation_requested": {"provider": "github"},
    "identity.linked": {"provider": "github", "reason": "requested"},
    "identity.unlinked": {"provider": "github"},
    "job.cancel_requested": {"kind": "email"},
    "job.created": {"kind": "email"},
    "notification.created": {"message": "Your report is ready.", "sender": str(OTHER)},
    "notification.read": {},
    "post.created": {"revision": 1, "status": "published"},
    "post.deleted": {"revision": 3},
    "post.published": {"revision": 2},
    "post.unpublished": {"revision": 3},
    "post.updated": {"revision": 2, "changed": ["title", "status"]},
    "session.revoked": {"reason": "logout"},
    "session.started": {},
    "transfer.created": {**_MONEY, "kind": "transfer", "payer_id": 4, "payee_id": 5},
    "user.created": {"roles": ["author"]},
    "user.deleted": {},
    "user.password_reset": {},
    "user.registered": {},
    "user.roles_changed": {"roles": ["author", "moderator"], "revision": 3},
    "user.updated": {"changed": ["display_name", "email", "is_active", "password"], "revision": 2},
    "user.verified": {},
    **{f"webhook_endpoint.{act}": {} for act in ("created", "deleted", "secret_rotated", "tested")},
    "webhook_endpoint.disabled": {"reason": "failing"},
    "webhook_endpoint.failing": {},
    "webhook_endpoint.updated": {"changed": ["url"]},
}


def event_classes() -> Mapping[str, type[Event]]:
    """The classes of all events of the product by type."""
    for module in modules("app", "events"):
        import_module(module.__name__)
    product = (event for event in _subclasses(Event) if event.__module__.startswith("app."))
    return {event.type: event for event in product if isinstance(getattr(event, "type", None), str)}


def stored(name: str, **changes: Any) -> StoredEvent:
    """The sample of a type."""
    values: dict[str, Any] = {
        "id": 7,
        "uid": UUID("01a2256b-4bf0-7057-afa2-1269009de064"),
        "position": 9,
        "type": name,
        "schema": event_classes()[name].schema,
        "subject_uid": SUBJECT,
        "subject_id": 1,
        "owner_uid": OWNER,
        "counterparty_uid": None,
        "actor_uid": OWNER,
        "audience": "owner",
        "payload": PAYLOADS[name],
        "occurred_at": datetime(2026, 11, 29, 12, 0, 0, 250, tzinfo=UTC),
        "traceparent": None,
        "request_id": None,
    }
    return StoredEvent(**{**values, **changes})


def payload_fields(event: type[Event]) -> set[str]:
    """The names of the fields that a payload contains."""
    return {field.name for field in fields(event)} - {field.name for field in fields(Event)}


def _subclasses(of: type[Event]) -> Iterator[type[Event]]:
    for one in of.__subclasses__():
        yield one
        yield from _subclasses(one)
