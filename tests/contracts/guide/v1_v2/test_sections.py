"""The index says which usage each section of the guide is about."""

import json
from typing import Any

from contracts.guide import build
from tests.contracts.guide.v1_v2.sources import PAIR, GuideSources


def sections(sources: GuideSources) -> dict[str, dict[str, Any]]:
    result = sources.build()
    assert result.problems == []
    index = json.loads(result.files[build.PAGES / f"{PAIR}.json"])
    return {one["title"]: one for one in index["sections"]}


def test_a_section_names_the_uses_that_its_changes_are_about(sources: GuideSources) -> None:
    found = sections(sources)
    pages = found["Cursor pagination of posts"]["operations"]
    assert set(pages) == {"posts.list", "users.list_posts"}, "links of the document are no part of a response"
    assert pages["posts.list"]["sent"] == ["query:page", "query:page_size"]
    assert "reads:/items" in pages["posts.list"]["read"]["200"]
    assert pages["users.list_posts"]["called"] is True
    assert found["Users have a display name"]["operations"]["users.update"]["sent"] == ["body:/full_name"]
    assert found["Cursor pagination of users"]["operations"]["users.list"]["omitted"] == ["query:limit"]
    unknown = found["Unknown fields and parameters are rejected"]["operations"]
    assert unknown["posts.create"] == {"name": "POST /posts", "undeclared": ["body"]}
    errors = found["Errors are problem details"]["operations"]["posts.list"]
    assert errors["received"][0] == "400"
    assert not {"called", "read"} & set(errors)
    assert "post.created" in found["Bodies of webhooks have the ids and names of v2"]["events"]


def test_a_change_of_the_document_is_about_every_operation(sources: GuideSources) -> None:
    found = sections(sources)
    assert len(found["Base path"]["operations"]) == 44
    assert found["Idempotency keys"]["operations"] == {}, "an optional header is nothing that anybody must change"


def test_a_list_with_a_new_envelope_is_about_the_members_of_its_items(sources: GuideSources) -> None:
    found = sections(sources)
    assert found["Ids are TypeIDs"]["operations"]["posts.list"]["read"] == {"200": ["reads"]}
    assert found["Posts have a status"]["operations"]["posts.search"]["read"] == {"200": ["reads"]}
    assert "users.list" not in found["Posts have a status"]["operations"]
    located = found["Ids are TypeIDs"]["operations"]["posts.create"]["read"]["201"]
    assert located == ["reads:/author_id", "reads:/id"], "what the comparison locates is not widened"
