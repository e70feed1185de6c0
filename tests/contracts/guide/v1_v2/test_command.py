"""`strata contract guide`: exit codes and messages."""

import sys

import pytest

from app.cli import main
from contracts.guide import build
from tests.contracts.guide.v1_v2.sources import PAIR, GuideSources


class GuideCommand:
    """Runs `strata contract guide` on the copied sources."""

    def __init__(
        self, sources: GuideSources, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        original = build.build
        monkeypatch.setattr(build, "build", lambda: original(sources.changes, sources.root, sources.root))

    def run(self, *arguments: str) -> tuple[int, str]:
        """Returns the exit code and the output."""
        self._monkeypatch.setattr(sys, "argv", ["strata", "contract", "guide", *arguments])
        with pytest.raises(SystemExit) as exited:
            main()
        printed = self._capsys.readouterr()
        return int(exited.value.code or 0), printed.out + printed.err


@pytest.fixture
def command(sources: GuideSources, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> GuideCommand:
    return GuideCommand(sources, monkeypatch, capsys)


def test_the_command_reports_and_writes_an_outdated_guide(sources: GuideSources, command: GuideCommand) -> None:
    assert command.run("--check")[0] == 0
    page = sources.root / build.PAGES / f"{PAIR}.md"
    page.write_text(page.read_text().replace("# From v1", "# Away from v1"))
    code, printed = command.run("--check")
    assert code == 1
    assert f"{build.PAGES}/{PAIR}.md" in printed
    assert "`strata contract guide`" in printed
    code, printed = command.run()
    assert code == 0
    assert f"{build.PAGES}/{PAIR}.md" in printed
    assert command.run("--check")[0] == 0


def test_the_command_prints_the_problems_of_the_coverage(sources: GuideSources, command: GuideCommand) -> None:
    sources.edit("020-sign-in.md", "operation-path-changed /paths/~1auth~1token/post", "operation-added /paths/~1x/get")
    code, printed = command.run("--check")
    assert code == 1
    assert "breaking  operation-path-changed  /paths/~1auth~1token/post" in printed
    assert "which matches no change of the contracts" in printed


def test_the_command_prints_what_to_do_about_an_invalid_fragment(sources: GuideSources, command: GuideCommand) -> None:
    sources.edit("020-sign-in.md", 'kind = "changed"', 'kind = "better"')
    code, printed = command.run("--check")
    assert code == 1
    assert "Choose one of: added, changed" in printed
