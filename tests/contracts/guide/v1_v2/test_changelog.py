"""The entries of CHANGELOG.md that are generated from the fragments."""

import pytest

from contracts.guide import build
from contracts.guide.errors import GuideError
from tests.contracts.guide.v1_v2.sources import GuideSources


def test_the_changelog_is_generated_from_the_fragments(sources: GuideSources) -> None:
    sources.edit("070-names.md", 'changelog = "`display_name`', 'changelog = "One name: `display_name`')
    result = sources.build()
    assert result.outdated_files() == [build.CHANGELOG]
    assert result.write() == [build.CHANGELOG]
    written = (sources.root / build.CHANGELOG).read_text()
    assert "- One name: `display_name` replaces" in written
    before = (build.ROOT / build.CHANGELOG).read_text()
    assert len(written.splitlines()) == len(before.splitlines())
    assert sources.build().outdated_files() == []


def test_a_changelog_without_marker_lines_is_rejected(sources: GuideSources) -> None:
    (sources.root / build.CHANGELOG).write_text("# Changelog\n")
    with pytest.raises(GuideError, match=r"CHANGELOG\.md has no marker lines"):
        sources.build()


def test_a_missing_changelog_is_rejected(sources: GuideSources) -> None:
    (sources.root / build.CHANGELOG).unlink()
    with pytest.raises(GuideError, match=r"has no CHANGELOG\.md"):
        sources.build()
