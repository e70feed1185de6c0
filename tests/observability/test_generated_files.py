"""The committed dashboards and rules declare what the generators write: a changed expression is a change of theirs."""

from pathlib import Path

import pytest
import yaml

from observability.dashboards.files import DASHBOARDS, RULES, generated

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", [DASHBOARDS, RULES])
def test_committed_files_are_those_that_are_generated(folder: Path) -> None:
    found = {path: text for path, text in generated().items() if path.parent == folder}
    committed = {path.relative_to(ROOT) for path in (ROOT / folder).iterdir() if path.suffix in {".json", ".yml"}}
    assert committed == set(found)
    for path, text in found.items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, path


def test_expressions_of_several_lines_are_readable_blocks() -> None:
    for path in generated():
        if path.parent == RULES:
            text = (ROOT / path).read_text(encoding="utf-8")
            rules = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
            several = [rule for rule in rules if "\n" in rule["expr"]]
            assert text.count("expr: |") == len(several)
