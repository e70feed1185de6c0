"""Choosing members of a post."""

import pytest

from tests.support.app import TestApp
from versions.v2.posts.schemas import Post


@pytest.mark.parametrize("field", Post.model_fields)
async def test_every_member_can_be_chosen_without_a_warning(test_app: TestApp, field: str) -> None:
    """The suite fails at a warning, and pydantic warns whoever reads a deprecated member."""
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        made = (await client.post("/api/v2/posts", json={"title": "T", "content": ""})).json()
        chosen = await client.get(f"/api/v2/posts/{made['id']}", params={"fields": field})
    assert (chosen.status_code, chosen.json()) == (200, {field: made[field]})
