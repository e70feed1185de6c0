"""Pairs of documents whose verdicts follow from HTTP and JSON Schema semantics, in `pairs/` by kind."""

import json
from typing import Any

import pytest

from contracts.compat import diff
from tests.contracts.compat.recorded import OF_PAIRS, PAIRS, lines

RECORDED: dict[str, list[str]] = json.loads(OF_PAIRS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: str(pair["name"]))
def test_the_verdict_is_right(pair: dict[str, Any]) -> None:
    report = diff(pair["old"], pair["new"])
    assert report.breaks is (pair["verdict"] == "breaking"), (pair["why"], report.findings)
    assert lines(report) == RECORDED[pair["name"]], "python -m tests.contracts.compat.recorded writes them for a review"


def test_there_are_pairs_of_each_kind() -> None:
    assert len(PAIRS) >= 39
    assert len({pair["name"] for pair in PAIRS}) == len(PAIRS)
    assert RECORDED.keys() == {pair["name"] for pair in PAIRS}
