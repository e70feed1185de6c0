"""Pairs of documents whose verdicts follow from HTTP and JSON Schema semantics, in `pairs/` by kind."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.compat import diff

_FOLDER = Path(__file__).with_name("pairs")
PAIRS: list[dict[str, Any]] = [
    json.loads(line) for path in sorted(_FOLDER.glob("*.jsonl")) for line in path.read_text().splitlines()
]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: str(pair["name"]))
def test_the_verdict_is_right(pair: dict[str, Any]) -> None:
    report = diff(pair["old"], pair["new"])
    assert report.breaks is (pair["verdict"] == "breaking"), (pair["why"], report.findings)


def test_there_are_pairs_of_each_kind() -> None:
    assert len(PAIRS) >= 39
    assert len({pair["name"] for pair in PAIRS}) == len(PAIRS)
