"""The same event in both versions: one says what the other says, in its own names and ids."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events.stored import StoredEvent
from tests.support.event_samples import PAYLOADS, stored
from versions.kit.typeid import encode
from versions.v1.events import RENDERER as OLD
from versions.v2.events import RENDERER as NEW
from versions.v2.ids import ACCOUNT, FILE, POST, USER, WEBHOOK_ENDPOINT

ONLY_V2: Final[Mapping[str, str]] = {
    **dict.fromkeys(("api_key.created", "api_key.revoked", "api_key.rotated", "api_key.updated"), "v1 has no keys"),
    **dict.fromkeys(("hold.created", "hold.resolved"), "v1 has no holds"),
    **dict.fromkeys(
        ("identity.confirmation_requested", "identity.linked", "identity.unlinked"), "v1 has no identities"
    ),
    **dict.fromkeys(("session.revoked", "session.started"), "v1 has no sessions"),
    **dict.fromkeys(("job.cancel_requested", "job.created"), "v1 has no events of tasks"),
    **dict.fromkeys(("notification.created", "notification.read"), "v1 has no events of notifications"),
    **dict.fromkeys(
        (
            "webhook_endpoint.created",
            "webhook_endpoint.deleted",
            "webhook_endpoint.disabled",
            "webhook_endpoint.failing",
            "webhook_endpoint.secret_rotated",
            "webhook_endpoint.updated",
        ),
        "v1 has no events of webhooks but those of a test",
    ),
    "user.password_reset": "v1 has no password resets",
    "user.roles_changed": "v1 has no roles",
}
POST_FIELDS: Final = {"title": "title", "content": "content", "status": "published"}
USER_FIELDS: Final = {"display_name": "full_name", "email": "email", "is_active": "is_active", "password": "password"}


def _post(event: StoredEvent) -> tuple[dict[str, Any], dict[str, Any]]:
    """The members of v1, and those of v2 that correspond."""
    return {"id": event.subject_id}, {"id": encode(POST, event.subject_uid)}


def _user(event: StoredEvent) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"id": event.subject_id}, {"id": encode(USER, event.subject_uid)}


def _file(event: StoredEvent) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"id": event.subject_id}, {"id": encode(FILE, event.subject_uid)}


def _uploaded(event: StoredEvent) -> tuple[dict[str, Any], dict[str, Any]]:
    described = {name: event.payload[name] for name in ("content_type", "size")}
    old, new = _file(event)
    name = event.payload["name"]
    return {**old, **described, "filename": name}, {**new, **described, "name": name}


def _account(event: StoredEvent) -> tuple[dict[str, Any], dict[str, Any]]:
    currency = {"currency": event.payload["currency"]}
    return {"id": event.subject_id, **currency}, {"id": encode(ACCOUNT, event.subject_uid), **currency}


LAWS: Final[Mapping[str, Callable[[StoredEvent], tuple[dict[str, Any], dict[str, Any]]]]] = {
    **dict.fromkeys(("post.created", "post.published", "post.unpublished", "post.updated", "post.deleted"), _post),
    **dict.fromkeys(("user.created", "user.registered", "user.verified", "user.updated", "user.deleted"), _user),
    "account.opened": _account,
    "file.uploaded": _uploaded,
    "file.deleted": _file,
    "webhook_endpoint.tested": lambda event: (
        {"id": event.subject_id},
        {"id": encode(WEBHOOK_ENDPOINT, event.subject_uid)},
    ),
    "transfer.created": lambda _event: ({}, {}),
}


def data_of(event: StoredEvent) -> tuple[dict[str, Any], dict[str, Any]]:
    old, new = OLD.render(event), NEW.render(event)
    assert old is not None
    assert new is not None
    ours, theirs = orjson.loads(old), orjson.loads(new)
    assert (ours.pop("api_version"), theirs.pop("api_version")) == ("v1", "v2")
    one, other = ours.pop("data"), theirs.pop("data")
    assert ours == theirs, "type and time are the same"
    return one, other


def test_every_event_is_in_a_law_or_has_a_reason() -> None:
    assert OLD.types.keys() == LAWS.keys()
    assert NEW.types.keys() - OLD.types.keys() == ONLY_V2.keys()


@pytest.mark.parametrize("name", sorted(LAWS))
def test_both_versions_name_the_same_object(name: str) -> None:
    assert name in PAYLOADS
    event = stored(name)
    old, new = data_of(event)
    expected_old, expected_new = LAWS[name](event)
    assert expected_old.items() <= old.items()
    assert expected_new.items() <= new.items()


@given(st.sampled_from(["draft", "published", "archived"]))
def test_a_new_post_is_published_in_v1_if_its_status_is_published_in_v2(status: str) -> None:
    old, new = data_of(stored("post.created", payload={"revision": 1, "status": status}))
    assert old["published"] is (new["status"] == "published")


@given(st.lists(st.sampled_from(sorted(POST_FIELDS)), unique=True), st.lists(st.sampled_from(sorted(USER_FIELDS))))
def test_both_versions_name_the_same_changed_fields(post: list[str], user: list[str]) -> None:
    for name, changed, names in (("post.updated", post, POST_FIELDS), ("user.updated", user, USER_FIELDS)):
        old, new = data_of(stored(name, payload={"revision": 2, "changed": changed}))
        assert old["changed"] == [names[field] for field in new["changed"]]
        assert new["changed"] == changed


@given(st.permutations(["title", "attachments"]))
def test_v1_names_no_attachments(changed: list[str]) -> None:
    old, new = data_of(stored("post.updated", payload={"revision": 2, "changed": changed}))
    assert (old["changed"], new["changed"]) == (["title"], changed)


@given(st.decimals(min_value="0.01", max_value="9999999999.99", places=2))
def test_both_versions_tell_the_same_amount(amount: Any) -> None:
    sample = PAYLOADS["transfer.created"]
    old, new = data_of(stored("transfer.created", payload={**sample, "amount": str(amount)}))
    assert (str(amount), float(new["amount"]), old["currency"]) == (new["amount"], old["amount"], new["currency"])
    assert (old["from_id"], old["to_id"]) == (sample["payer_id"], sample["payee_id"])
