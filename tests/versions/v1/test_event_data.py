"""What receivers of events of v1 read in ``data``: sequential ids, and the names of v1."""

from typing import Any

import pytest

from tests.support.event_samples import PAYLOADS, stored
from versions.registry import VERSIONS

RENDERER = VERSIONS[0].events
MEMBERS: dict[str, dict[str, Any]] = {
    "account.opened": {"currency": "EUR"},
    "file.uploaded": {"filename": "layers.pdf", "content_type": "application/pdf", "size": 48211},
    "post.created": {"published": True},
    "post.updated": {"changed": ["title", "published"]},
    "user.updated": {"changed": ["full_name", "email", "is_active", "password"]},
}
"""By type: the members beside the id of the subject."""


@pytest.mark.parametrize("name", sorted(RENDERER.types.keys() - {"transfer.created"}))
def test_the_data_of_an_event(name: str) -> None:
    assert dict(RENDERER.data(stored(name, subject_id=31))) == {"id": 31, **MEMBERS.get(name, {})}


def test_a_draft_is_not_published_and_a_transfer_names_both_accounts() -> None:
    draft = stored("post.created", subject_id=31, payload={**PAYLOADS["post.created"], "status": "draft"})
    assert dict(RENDERER.data(draft)) == {"id": 31, "published": False}
    transfer = dict(RENDERER.data(stored("transfer.created")))
    assert transfer == {"from_id": 4, "to_id": 5, "amount": 12.5, "currency": "EUR"}
