"""Hypothesis strategies for laws."""

from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

VERSIONS: Final = st.sampled_from(["v1", "v2"])
STATUSES: Final = st.sampled_from(["draft", "published", "archived"])

_CHARACTERS: Final = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
TITLES: Final = st.one_of(
    st.text(_CHARACTERS, min_size=1, max_size=20),
    st.sampled_from(["x", "x" * 200, "<b>&amp;</b>", "Ünïcödé \U0001f9ed", " spaced ", "0", "null"]),
)
CONTENTS: Final = st.one_of(st.text(_CHARACTERS, max_size=40), st.sampled_from(["", "y" * 5000, "a\nb\r\n\tc"]))
NAMES: Final = st.one_of(
    st.text(_CHARACTERS, min_size=1, max_size=20), st.sampled_from(["n" * 100, "Ada Lovelace", "李 四"])
)
ADDRESSES: Final = st.sampled_from(["new@example.com", "New.Name+tag@Example.com", "n@b\u00fccher.example", "n@x.test"])


@dataclass(frozen=True)
class Draft:
    """A new post, for both versions."""

    title: str
    content: str
    published: bool

    @property
    def v1(self) -> dict[str, Any]:
        return {"title": self.title, "content": self.content, "published": self.published}

    @property
    def v2(self) -> dict[str, Any]:
        status = "published" if self.published else "draft"
        return {"title": self.title, "content": self.content, "status": status}


DRAFTS: Final = st.builds(Draft, TITLES, CONTENTS, st.booleans())
POST_EDITS: Final = st.fixed_dictionaries(
    {}, optional={"title": TITLES, "content": CONTENTS, "published": st.booleans()}
)
"""Bodies of v1: any of its fields."""
USER_EDITS: Final = st.fixed_dictionaries(
    {}, optional={"full_name": NAMES, "email": ADDRESSES, "is_active": st.booleans()}
)


def post_edit_of_v2(edit: dict[str, Any], status: str) -> dict[str, Any]:
    """The merge patch with the effect of a v1 body on a post of this status (ADR 2)."""
    patch = {name: value for name, value in edit.items() if name != "published"}
    if edit.get("published") is True:
        patch["status"] = "published"
    elif edit.get("published") is False and status == "published":
        patch["status"] = "draft"
    return patch


def user_edit_of_v2(edit: dict[str, Any]) -> dict[str, Any]:
    """The merge patch with the effect of a v1 body."""
    renamed = {"full_name": "display_name"}
    return {renamed.get(name, name): value for name, value in edit.items()}
