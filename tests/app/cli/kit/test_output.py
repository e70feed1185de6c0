"""What commands print can be copied and parsed: verbatim, unwrapped, with times in UTC; periods of days in options."""

import json
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from rich.text import Text

from app.cli.kit.output import CommandError, say, show_failure, show_json, show_table
from app.cli.kit.periods import first_day

LONG = "x" * 300
MARKUP = "[bold]Ada[/bold] [link=a]"
TODAY = date(2026, 11, 30)


def test_lines_are_verbatim_and_not_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    say(MARKUP, f"{LONG} {LONG}", Text("styled", style="bold"))
    assert capsys.readouterr().out.splitlines() == [MARKUP, f"{LONG} {LONG}", "styled"]


def test_cells_are_verbatim_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("id", "name"), [("1", MARKUP), ("2", Text("styled")), ("3", LONG)], empty="None.")
    header, *rows = (line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert [each.strip() for each in header] == ["id", "name"]
    assert [(number, cell.strip()) for number, cell in rows] == [("1", MARKUP), ("2", "styled"), ("3", LONG)]
    show_table(("id",), [], empty="None.")
    assert capsys.readouterr().out == "None.\n"


def test_a_failure_and_its_advice_are_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    show_failure("It failed.", "Repeat it.")
    show_failure("It failed again.")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == ["Error: It failed.", "  -> Repeat it.", "Error: It failed again."]


def test_json_has_times_of_rfc_3339_and_readable_letters(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"at": datetime(2026, 11, 30, 12, tzinfo=UTC), "uid": UUID(int=7), "name": "Żółć"})
    shown = capsys.readouterr().out
    assert json.loads(shown) == {"at": "2026-11-30T12:00:00Z", "uid": str(UUID(int=7)), "name": "Żółć"}
    assert "Żółć" in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30d", date(2026, 10, 31)),
        ("1d", date(2026, 11, 29)),
        ("9999d", date(1999, 7, 16)),
        ("2026-11-30", TODAY),
        ("2026-01-02", date(2026, 1, 2)),
    ],
)
def test_a_period_is_a_number_of_days_or_its_first_day(text: str, expected: date) -> None:
    assert first_day(text, TODAY) == expected


@pytest.mark.parametrize("text", ["0d", "-1d", "10000d", "30", "d", "2026-12-01", "2026-02-30", ""])
def test_another_period_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="--since must"):
        first_day(text, TODAY)
