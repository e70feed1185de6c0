"""A trusted model is the one that validation would build."""

import pickle
from datetime import UTC, datetime

from pydantic import BaseModel, TypeAdapter

from versions.kit.trusted import trusted


class Item(BaseModel):
    name: str
    at: datetime
    note: str | None = None


def test_a_trusted_model_equals_a_validated_one() -> None:
    members = {"name": "a", "at": datetime(2026, 11, 29, tzinfo=UTC)}
    found, validated = trusted(Item, {**members, "note": None}), Item(**members, note=None)
    assert found == validated
    assert found.model_dump_json() == validated.model_dump_json()
    assert (found.model_fields_set, found.model_extra) == (validated.model_fields_set, None)
    assert found.model_copy(update={"name": "b"}).name == "b"
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own bytes


def test_only_the_given_members_are_sent() -> None:
    part = trusted(Item, {"name": "a"})
    assert TypeAdapter(Item).dump_json(part, exclude_unset=True) == b'{"name":"a"}'
