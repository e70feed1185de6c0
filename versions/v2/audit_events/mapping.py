"""Maps the audit trail between v2 schemas and the core."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from app.audit.commands import AuditFilter
from app.audit.views import AuditEventView, Outcome
from app.events.audit import target
from versions.kit.typeid import decode, encode
from versions.v2.audit_events import schemas
from versions.v2.ids import API_KEY, AUDIT_EVENT, SESSION, USER

PREFIXES: Final[Mapping[str, str]] = {"user": USER, "api_key": API_KEY, "session": SESSION}
"""The prefix of an id by the kind of the object; other kinds have identifiers of their own, such as names."""
_KINDS: Final = {prefix: kind for kind, prefix in PREFIXES.items()}


def wanted(
    actor_id: str | None,
    target_id: str | None,
    action: str | None,
    outcome: Outcome | None,
    since: datetime | None,
    until: datetime | None,
) -> AuditFilter:
    """Returns the filter of these parameters."""
    return AuditFilter(
        actor=None if actor_id is None else _uid(actor_id),
        target=None if target_id is None else target(_KINDS[_prefix(target_id)], _uid(target_id)),
        action=action,
        outcome=outcome,
        since=since,
        until=until,
    )


def audit_event(view: AuditEventView) -> schemas.AuditEvent:
    """Returns the v2 representation of an act."""
    kind = "user" if view.on_behalf is None else "api_key"
    return schemas.AuditEvent.model_construct(
        id=encode(AUDIT_EVENT, view.uid),
        occurred_at=view.at,
        actor=None if view.actor is None else _reference(kind, str(view.actor)),
        on_behalf_of=None if view.on_behalf is None else encode(USER, view.on_behalf),
        action=view.action,
        target=None if view.target is None else _reference(*view.target.split(":", 1)),
        outcome=view.outcome,
        address=view.address,
        request_id=view.request_id,
        detail=dict(view.detail),
    )


def _reference(kind: str, identifier: str) -> schemas.Reference:
    prefix = PREFIXES.get(kind)
    shown = identifier if prefix is None else encode(prefix, UUID(identifier))
    return schemas.Reference.model_construct(type=kind, id=shown)


def _prefix(identifier: str) -> str:
    return identifier.rpartition("_")[0]


def _uid(identifier: str) -> UUID:
    return decode(_prefix(identifier), identifier)
