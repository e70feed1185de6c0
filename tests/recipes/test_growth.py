"""v2 grows in a copy: the gate reports every kind of addition as safe, and the same change backwards as breaking."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.source_copy import Edit, SourceCopy, recipe

SCHEMAS, ROUTES = "versions/v2/posts/schemas.py", "versions/v2/posts/routes.py"
GROWTH = {
    "a selectable member": [
        Edit(
            SCHEMAS,
            "    view_count: Count",
            '    view_count: Count\n    revision: int = Field(description="Counts edits.", ge=1, examples=[1])',
        )
    ],
    "a sort key": [Edit("app/posts/commands.py", '    TITLE = "title"', '    TITLE = "title"\n    STATUS = "status"')],
    "an include": [Edit(SCHEMAS, '    AUTHOR = "author"', '    AUTHOR = "author"\n    EDITOR = "editor"')],
    "an optional parameter": [
        Edit(
            ROUTES,
            "    sort: SortQuery = mapping.DEFAULT_SORT,",
            "    sort: SortQuery = mapping.DEFAULT_SORT,\n"
            '    tag: Annotated[str | None, Query(max_length=20, description="A tag.", examples=["rock"])] = None,',
        )
    ],
    "an operation": recipe("Add an operation"),
    "a request enum value": [
        Edit(
            SCHEMAS,
            '    status: Literal["draft", "published"] = Field(',
            '    status: Literal["draft", "published", "archived"] = Field(',
        )
    ],
    "a response header": [
        Edit(
            ROUTES,
            "            **IDEMPOTENT_REPLAYED,",
            '            **IDEMPOTENT_REPLAYED,\n            "X-Words": header("Words."),',
        )
    ],
}
RELEASED_VALUES = ('    status: Literal["draft", "published"] = Field(', '    status: Literal["draft"] = Field(')
"""What the released contract accepts, and a part of it."""
RULES = {
    "operation-added",
    "request-body-enum-value-added",
    "request-parameter-added",
    "request-parameter-enum-value-added",
    "response-body-required-property-added",
    "response-header-added",
}


def findings(copy: SourceCopy) -> list[Any]:
    checked = json.loads(copy.strata("contract", "check", "--json", expected=1).partition("\nError:")[0])
    found: list[Any] = checked["versions"].pop("v2")["changes"]["findings"]
    assert not any(other["changes"]["findings"] for other in checked["versions"].values())
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[SourceCopy]:
    with SourceCopy(tmp_path / "copy") as made:
        yield made


def test_v2_grows_by_every_kind_of_addition_and_not_back(copy: SourceCopy) -> None:
    for edits in GROWTH.values():
        copy.apply(edits)
    grown = findings(copy)
    assert Counter(finding["severity"] for finding in grown).keys() == {"safe"}, grown
    assert {finding["rule"] for finding in grown} >= RULES
    named = " ".join(finding["message"] for finding in grown)
    assert all(name in named for name in ("revision", "status", "editor", "tag", "archived", "X-Words")), named
    copy.strata("contract", "freeze")
    assert "Every version matches its frozen contract." in copy.strata("contract", "check")

    copy.run("git", "checkout", "-q", "app", "versions")
    shrunk = findings(copy)
    breaking = {finding["rule"] for finding in shrunk if finding["severity"] == "breaking"}
    assert breaking >= {rule.replace("-added", "-removed").replace("required-", "") for rule in RULES}, shrunk
    assert "Written" in copy.strata("contract", "freeze"), "the additions were not released"
    copy.apply([Edit(SCHEMAS, *RELEASED_VALUES)])
    assert "Nothing was written" in copy.strata("contract", "freeze", expected=1)
