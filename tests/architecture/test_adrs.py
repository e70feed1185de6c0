"""Architecture decision records have one form, and every relative link in a Markdown file leads to a file."""

import pkgutil
import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = ("app", "versions", "observability", "contracts", "tests", "grafana")
PAGES: Final = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))]
    if "node_modules" not in path.parts
)
ADRS: Final = [path for path in PAGES if path.parent.name == "adr"]
HEADINGS: Final = [
    "## Context",
    "## Decision",
    "## Alternatives considered",
    "## Consequences",
    "## A change violates this when",
]
MOST_WORDS: Final = 330
CODE: Final = re.compile(r"`([^`\n]+)`")
OURS: Final = re.compile(r"(app|versions|observability|contracts|tests|grafana)([./][\w.-]+)+")
CLASS: Final = re.compile(r"[A-Z][a-z]+([A-Z][a-z]+)+")
OTHERS: Final = {"ServerErrorMiddleware", "BatchSpanProcessor"}
"""Classes of Starlette and OpenTelemetry that ADRs compare with and the product does not use."""
LINK: Final = re.compile(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def sources() -> str:
    """The text of every module of the product, where a class that an ADR names occurs."""
    packages = ("app", "versions", "observability", "contracts")
    return "\n".join(path.read_text() for package in packages for path in (ROOT / package).rglob("*.py"))


def exists(code: str) -> bool:
    if (ROOT / code).exists():
        return True
    if "/" in code:
        return False
    try:
        pkgutil.resolve_name(code)
    except (ImportError, AttributeError):
        return False
    return True


@pytest.mark.parametrize("path", ADRS, ids=name)
def test_an_adr_has_the_agreed_headings(path: Path) -> None:
    lines = path.read_text().splitlines()
    number = int(path.name[:4])
    assert lines[0].startswith(f"# {number}. ")
    assert [line for line in lines if line.startswith("## ")] == HEADINGS


@pytest.mark.parametrize("path", ADRS, ids=name)
def test_an_adr_is_short(path: Path) -> None:
    words = [word for word in path.read_text().split() if re.search(r"\w", word)]
    assert len(words) <= MOST_WORDS, f"{len(words)} words: split the decision, or move figures to the benchmark"


@pytest.mark.parametrize("path", ADRS, ids=name)
def test_an_adr_names_code_that_exists(path: Path) -> None:
    names = CODE.findall(path.read_text())
    unknown = [code for code in names if OURS.fullmatch(code) and not exists(code)]
    unknown += [code for code in names if CLASS.fullmatch(code) and code not in OTHERS and code not in sources()]
    assert unknown == [], "rename it in the ADR as well"


def test_adrs_are_numbered_without_gaps() -> None:
    assert len(ADRS) > 20
    for folder in {path.parent for path in ADRS}:
        numbers = sorted(int(path.name[:4]) for path in ADRS if path.parent == folder)
        assert numbers == list(range(1, len(numbers) + 1)), name(folder)


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_relative_link_leads_to_a_file(path: Path) -> None:
    targets = [target for target in LINK.findall(path.read_text()) if "://" not in target and target[0] != "/"]
    targets = [target for target in targets if not target.startswith("mailto:")]
    assert [target for target in targets if not (path.parent / target).exists()] == []
