"""What receivers of events of v2 read in ``data``: whose ids these are, and the values that were recorded."""

from typing import Any

import pytest

from tests.support.event_samples import OTHER, OWNER, PAYEE, PAYER, SUBJECT, stored
from versions.kit.typeid import encode
from versions.registry import VERSIONS
from versions.v2.event_log import mapping

RENDERER = VERSIONS[-1].events
OWNED_BY = {"user_id": encode("usr", OWNER)}
BY = {"author_id": encode("usr", OWNER)}
MONEY = {
    "from_account_id": encode("acct", PAYER),
    "to_account_id": encode("acct", PAYEE),
    "amount": "12.50",
    "currency": "EUR",
}
DATA: dict[str, tuple[str, dict[str, Any]]] = {
    "account.opened": ("acct", {**OWNED_BY, "currency": "EUR"}),
    "api_key.created": ("key", {**OWNED_BY, "scopes": ["posts:read"]}),
    "api_key.revoked": ("key", OWNED_BY),
    "api_key.rotated": ("key", {**OWNED_BY, "successor_id": encode("key", OTHER)}),
    "api_key.updated": ("key", {**OWNED_BY, "changed": ["name"]}),
    "file.deleted": ("file", {}),
    "file.uploaded": ("file", {"name": "layers.pdf", "content_type": "application/pdf", "size": 48211}),
    "hold.created": ("hold", MONEY),
    "hold.resolved": ("hold", {"outcome": "captured"}),
    "identity.linked": ("idn", {**OWNED_BY, "provider": "github", "reason": "requested"}),
    "identity.unlinked": ("idn", {**OWNED_BY, "provider": "github"}),
    "job.cancel_requested": ("job", {"type": "email"}),
    "job.created": ("job", {"type": "email"}),
    "notification.created": ("ntf", {"sender_id": encode("usr", OTHER), "message": "Your report is ready."}),
    "notification.read": ("ntf", {}),
    "post.created": ("post", {**BY, "revision": 1, "status": "published"}),
    "post.deleted": ("post", {**BY, "revision": 3}),
    "post.published": ("post", {**BY, "revision": 2}),
    "post.unpublished": ("post", {**BY, "revision": 3}),
    "post.updated": ("post", {**BY, "revision": 2, "changed": ["title", "status"]}),
    "session.revoked": ("ses", {**OWNED_BY, "reason": "logout"}),
    "session.started": ("ses", OWNED_BY),
    "transfer.created": ("txn", {**MONEY, "kind": "transfer"}),
    "user.created": ("usr", {"roles": ["author"]}),
    "user.deleted": ("usr", {}),
    "user.password_reset": ("usr", {}),
    "user.registered": ("usr", {}),
    "user.roles_changed": ("usr", {"roles": ["author", "moderator"], "revision": 3}),
    "user.updated": ("usr", {"changed": ["display_name", "email", "is_active", "password"], "revision": 2}),
    "user.verified": ("usr", {}),
    "webhook_endpoint.created": ("wh", {}),
    "webhook_endpoint.deleted": ("wh", {}),
    "webhook_endpoint.disabled": ("wh", {"reason": "failing"}),
    "webhook_endpoint.failing": ("wh", {}),
    "webhook_endpoint.secret_rotated": ("wh", {}),
    "webhook_endpoint.tested": ("wh", {}),
    "webhook_endpoint.updated": ("wh", {"changed": ["url"]}),
}
"""By type: the prefix of the id of the subject, and the other members."""


@pytest.mark.parametrize("name", RENDERER.types)
def test_the_data_of_an_event(name: str) -> None:
    data = dict(RENDERER.data(stored(name)))
    if name == "identity.confirmation_requested":  # No identity exists yet.
        assert data == {**OWNED_BY, "provider": "github"}
        return
    prefix, members = DATA[name]
    assert data == {"id": encode(prefix, SUBJECT), **members}


def test_a_listed_event() -> None:
    event = stored("file.deleted")
    assert mapping.event(event).model_dump() == {
        "id": encode("evt", event.uid),
        "type": "file.deleted",
        "timestamp": event.occurred_at,
        "api_version": "v2",
        "data": {"id": encode("file", SUBJECT)},
    }


INTERNAL = {("transfer.created", "payer_id"), ("transfer.created", "payee_id")}
"""What other versions need."""
CLOSED = {"status": "draft", "roles": ["reader"], ("identity.linked", "reason"): "confirmed"}
"""Other values of members with an enumeration."""


def another(name: str, member: str) -> object:
    """A value that a member of the payload can have instead of that of the sample."""
    value = stored(name).payload[member]
    if (known := CLOSED.get((name, member), CLOSED.get(member))) is not None:
        return known
    if isinstance(value, list | int):
        return [*value, "added"] if isinstance(value, list) else value + 1
    return str(OWNER) if member in {"payer", "payee", "sender", "successor"} else f"{value}.5"


@pytest.mark.parametrize(
    ("name", "member"),
    [(name, member) for name in RENDERER.types for member in stored(name).payload if (name, member) not in INTERNAL],
)
def test_no_member_is_always_that_of_the_sample(name: str, member: str) -> None:
    event = stored(name)
    changed = stored(name, payload={**event.payload, member: another(name, member)})
    assert dict(RENDERER.data(changed)) != dict(RENDERER.data(event))
