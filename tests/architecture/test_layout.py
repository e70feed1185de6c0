"""Features are flat, generators can be checked, and the README of this folder lists every rule."""

import re
from pathlib import Path
from typing import Final

import pytest
import yaml
from importlinter.application.use_cases import read_user_options
from importlinter.configuration import configure

from tests.architecture.rules import RULES
from tests.architecture.rules.core import NO_FEATURES
from tests.support.named_tests import unknown_tests

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (Path(__file__).parent / "README.md").read_text()


def nested(app: Path) -> list[str]:
    """The folders with modules within features."""
    features = (folder for folder in app.iterdir() if folder.is_dir() and folder.name not in NO_FEATURES)
    return [
        f"{path.parent.name}/{path.name}" for folder in features for path in folder.iterdir() if any(path.glob("*.py"))
    ]


def test_features_are_flat() -> None:
    assert nested(ROOT / "app") == []


def test_a_nested_feature_is_found(tmp_path: Path) -> None:
    for folder in ("posts/drafts", "kit/db"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "service.py").touch()
    assert nested(tmp_path) == ["posts/drafts"]


def test_the_page_lists_every_rule_and_every_contract() -> None:
    configure()
    contracts = {contract["name"] for contract in read_user_options(str(ROOT / "pyproject.toml")).contracts_options}
    assert set(re.findall(r'contract "([^"]+)"', PAGE)) == contracts
    assert set(re.findall(r'rule "([^"]+)"', PAGE)) == {rule.name for rule in RULES}


def test_every_row_of_the_page_names_a_check() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and line != "| rule | check |"]
    assert len(rows) > 40
    assert [row for row in rows if not re.search(r'(contract|rule) "|test_\w+\.py::test_', row.split(" | ")[-1])] == []
    assert list(unknown_tests(PAGE)) == []


@pytest.mark.parametrize("target", ["contracts", "dashboards-check"])
def test_make_check_checks_every_generated_file(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    recipe = re.search(rf"^{target}: .*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert recipe is not None
    checks = [line for line in recipe[1].splitlines() if "--check" in line or " check" in line]
    assert len(checks) == {"contracts": 4, "dashboards-check": 1}[target]
    assert re.search(rf"^check: .*\b{target}\b", makefile, re.MULTILINE)


def test_the_schedule_of_the_deep_job_is_valid() -> None:
    # YAML 1.1 reads the key `on` as true.
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())[True]
    assert re.fullmatch(r"\d+ \d+ \* \* \*", workflow["schedule"][0]["cron"])
