"""The pairing of two versions is complete, and names existing parts only."""

import shutil

import pytest

from contracts.guide.errors import GuideError
from tests.contracts.guide.v1_v2.sources import GuideSources


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"GET /search" = "GET /search/posts"\n', "", "GET /search has no successor: add one to [operations]"),
        ('"GET /search/posts"', '"GET /found"', "pairs GET /search with GET /found, but one of them does not exist"),
        ('"POST /users" = ', '"POST /people" = ', "[removed] names POST /people, which does not exist"),
        ('PostUpdate = "PostPatch"', 'PostUpdate = "Patch"', "[schemas] pairs PostUpdate with Patch"),
        ('"MeResponse.name" = "User.display_name"\n', "", "MeResponse.name is removed: add its successor to [fields]"),
        ('"GET /users skip" = "GET /users cursor"\n', "", "GET /users skip is removed: add its successor to [fields]"),
        ('"User.id, User.v1_id"', '"User.id, User.old_id"', "with User.old_id, which does not exist: correct it"),
        ('"MeResponse.name" =', '"MeResponse.alias" =', "[fields] names MeResponse.alias, which does not exist"),
    ],
)
def test_a_pairing_must_be_complete_and_name_existing_parts(
    sources: GuideSources, old: str, new: str, problem: str
) -> None:
    sources.edit("pairing.toml", old, new)
    assert any(problem in one for one in sources.build().problems)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[removed]", "[lost]", "'removed'"),
        ('PostUpdate = "PostPatch"', "PostUpdate = 1", r"\[schemas\] must be a table of strings"),
        ('case = "no credentials"', 'name = "no credentials"', "'case'"),
        ("[fields]", "[fields", "Expected"),
    ],
)
def test_an_unreadable_pairing_is_rejected(sources: GuideSources, old: str, new: str, message: str) -> None:
    sources.edit("pairing.toml", old, new)
    with pytest.raises(GuideError, match=rf"v1-to-v2/pairing\.toml cannot be read: .*{message}") as raised:
        sources.build()
    assert "[[failures]]" in raised.value.advice


def test_a_version_with_a_successor_needs_a_guide(sources: GuideSources) -> None:
    shutil.rmtree(sources.folder)
    with pytest.raises(GuideError, match="v1 has a successor, but contracts/changes/v1-to-v2 does not exist"):
        sources.build()
