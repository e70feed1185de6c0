"""What a finding says: where the change is, which operations it affects, and a message that names what changed."""

import json
from typing import Any

import pytest

from contracts.compat import diff
from contracts.compat.pointers import split
from tests.contracts.compat.recorded import RECORDED, found, lines, pairs

PAIRS = pairs()


def exists(document: Any, pointer: str) -> bool:
    """Whether a pointer leads to a value of the document."""
    for part in split(pointer):
        if isinstance(document, list):
            document = dict(enumerate(document))
            part = int(part)  # noqa: PLW2901 - an index, as it is in the list
        if not isinstance(document, dict) or part not in document:
            return False
        document = document[part]
    return True


@pytest.mark.parametrize("name", PAIRS)
def test_the_findings_about_an_example_are_those_that_were_reviewed(name: str) -> None:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    assert lines(found(*PAIRS[name])) == recorded[name], (
        "python -m tests.contracts.compat.recorded writes them for a review"
    )


def test_no_example_is_recorded_that_does_not_exist() -> None:
    assert json.loads(RECORDED.read_text(encoding="utf-8")).keys() == PAIRS.keys()


@pytest.mark.parametrize("name", PAIRS)
def test_a_finding_points_to_a_value_of_the_new_or_of_the_old_document(name: str) -> None:
    old, new = PAIRS[name]
    for finding in diff(old, new):
        assert exists(new, finding.pointer) or exists(old, finding.pointer), finding
